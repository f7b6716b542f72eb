"""The goals, and whether they are met."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tests.bench.follow import Follow
from tests.bench.memory import Memory
from tests.bench.peers.filed import Filed
from tests.bench.peers.nginx import Nginx
from tests.bench.peers.pyftpdlib import Pyftpdlib
from tests.bench.peers.tus import TusServer
from tests.bench.peers.vsftpd import Vsftpd
from tests.bench.rounds import Results
from tests.bench.sources import MIB
from tests.bench.works import DOWN, DOWN_MANY, DOWN_TLS, UP, UP_MANY, UP_TLS, Work, with_hash

PACED_LIMIT, FLAT_LIMIT = 1.05, 1.6  # times the upload alone
LAG_LIMIT = 20.0  # milliseconds
PEAK_LIMIT, EACH_LIMIT = 64 * MIB, 512 * 1024  # bytes

_HASHED = with_hash(Filed.name)


@dataclass(frozen=True)
class Goal:
    """Ours must be at least ``least`` times as fast as theirs."""

    work: Work
    ours: str
    theirs: str
    least: float


GOALS = (
    Goal(DOWN, Filed.name, Nginx.name, 1.0),
    Goal(UP, Filed.name, Nginx.name, 1.15),
    Goal(UP, Filed.name, Vsftpd.name, 1.6),
    Goal(UP, Filed.name, Pyftpdlib.name, 1.6),
    Goal(UP, _HASHED, Vsftpd.name, 1.0),
    Goal(UP, _HASHED, Pyftpdlib.name, 1.0),
    Goal(UP, _HASHED, Nginx.name, 0.65),
    Goal(UP, Filed.name, TusServer.name, 4.0),
    Goal(UP, _HASHED, TusServer.name, 2.0),
    Goal(DOWN_MANY, Filed.name, Nginx.name, 0.95),
    Goal(UP_MANY, Filed.name, Nginx.name, 1.1),
    Goal(DOWN_TLS, Filed.name, Nginx.name, 1.0),
    Goal(UP_TLS, Filed.name, Nginx.name, 0.85),
)


@dataclass(frozen=True)
class Verdict:
    """One line of the final table, as text but for ``met``."""

    what: str
    ours: str
    theirs: str
    ratio: str
    goal: str
    met: bool


def of_speed(results: Results, clients: int) -> Iterator[Verdict]:
    """Those in which both servers took part. A ratio is judged as it is shown, with two digits."""
    for goal in GOALS:
        ours, theirs = results.get((goal.work, goal.ours)), results.get((goal.work, goal.theirs))
        if ours and theirs:
            ratio = round(ours.speed / theirs.speed, 2)
            what = goal.work.title(clients) + (" + SHA-256" if goal.ours == _HASHED else "")
            yield Verdict(what, f"{ours.speed:.0f} MiB/s", f"{theirs.speed:.0f} MiB/s {goal.theirs}",
                          f"{ratio:.2f}", f">= {goal.least:g}", ratio >= goal.least)  # fmt: skip


def of_cpu(results: Results) -> Iterator[Verdict]:
    """The price of a download."""
    ours, theirs = results.get((DOWN, Filed.name)), results.get((DOWN, Nginx.name))
    if ours and theirs:
        ratio = round(ours.cpu / theirs.cpu, 2)
        yield Verdict("CPU of a download", f"{ours.cpu:.2f} s/GiB", f"{theirs.cpu:.2f} s/GiB {Nginx.name}",
                      f"{ratio:.2f}", "<= 1", ratio <= 1)  # fmt: skip


def of_following(follows: Sequence[Follow]) -> Iterator[Verdict]:
    """Against the upload alone."""
    for follow in follows:
        limit = PACED_LIMIT if follow.pace else FLAT_LIMIT
        ratio = round(follow.ratio, 2)
        yield Verdict(f"download that starts with the upload, {follow.title}", f"{follow.seconds[1]:.2f} s",
                      f"{follow.seconds[0]:.2f} s alone", f"{ratio:.2f}", f"<= {limit:g}", ratio <= limit)  # fmt: skip
        yield Verdict(f"its last byte after the upload's end, {follow.title}", f"{follow.lag:.1f} ms", "", "",
                      f"<= {LAG_LIMIT:.0f} ms", follow.lag <= LAG_LIMIT)  # fmt: skip


def of_memory(memories: Sequence[Memory]) -> Iterator[Verdict]:
    """With all connections active."""
    for memory in memories:
        what = f"with {memory.connections} {memory.title}"
        peak, each = memory.peak / MIB, memory.each / 1024
        yield Verdict(f"memory {what}", f"{peak:.1f} MiB", f"{memory.idle / MIB:.1f} MiB idle", "",
                      f"<= {PEAK_LIMIT // MIB} MiB", memory.peak <= PEAK_LIMIT)  # fmt: skip
        yield Verdict(f"for each connection {what}", f"{each:.0f} KiB", "", "",
                      f"<= {EACH_LIMIT // 1024} KiB", memory.each <= EACH_LIMIT)  # fmt: skip
