"""File transfers both ways: pairs of users send each other files, as fast as it goes, and compare what arrives.

Transfers block and hash, so that they are made by a process beside the generator's (`porter`); here is who starts it,
listens to it, and counts.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter, deque
from dataclasses import asdict, dataclass
from typing import ClassVar

from tests.bench.process import ROOT
from tests.load.scenarios.base import Activity, Cast, Hire, Scenario
from tests.load.stage import Stage

_TOGETHER = 8  # pairs that a process serves, two threads each
_STOP_LIMIT = 5.0  # seconds until it is killed
_MIB = 1 << 20
_KINDS = ("uploaded", "downloaded")


@dataclass(frozen=True)
class Files(Scenario):
    """In ``count`` pairs of users each sends the other one files of ``size`` MiB, one after the other, and the other
    downloads them: every second one while it is still being uploaded.
    """

    name: ClassVar[str] = "files"
    count: int
    size: float = 16.0

    def casts(self, hire: Hire, prefix: str) -> list[Cast]:
        sizes = [min(_TOGETHER, self.count - begin) for begin in range(0, self.count, _TOGETHER)]
        return [Cast(f"{prefix}f{number}", number, hire(2 * size)) for number, size in enumerate(sizes)]

    def perform(self, cast: Cast, stage: Stage, run: str) -> Activity:
        return Porters(self, cast, stage)

    def summary(self, figures: dict[str, float]) -> dict[str, float]:
        seconds = figures.get("max_seconds", 0.0)
        rates = {f"MiB/s {kind}": figures[f"MiB {kind}"] / seconds if seconds else 0.0 for kind in _KINDS}
        return {**figures, **rates}


class Porters(Activity):
    """Some pairs, and the process that works for them. A thread reads what that says; all else is the generator's."""

    def __init__(self, scenario: Files, cast: Cast, stage: Stage) -> None:
        self._stage = stage
        self._name = cast.name
        self._bytes = int(scenario.size * _MIB)
        self._people = cast.people
        self._times = {kind: stage.timed(scenario.name, kind) for kind in _KINDS}
        self._process: subprocess.Popen[str] | None = None
        self._reader: threading.Thread | None = None
        self._errors = tempfile.TemporaryFile("w+", errors="replace")  # noqa: SIM115  # closed in `_end`
        self._lines: deque[str] = deque()  # what it has said, and has not been taken
        self._ready = self._ending = self._over = False
        self._started = self._last = 0  # ns
        self._moved: Counter[str] = Counter()  # files and bytes of each kind

    def open(self) -> None:
        """Start the process, and tell it what to do; it logs in and says so."""
        address = asdict(self._stage.address)
        people = [(person.name, person.secret) for person in self._people]
        command = [sys.executable, "-m", "tests.load.scenarios.porter"]
        self._process = subprocess.Popen(
            command, cwd=ROOT, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._errors,
            start_new_session=True,
        )  # fmt: skip
        self._reader = threading.Thread(target=self._read, name=f"porter-{self._name}", daemon=True)
        self._reader.start()
        self._say(json.dumps({"address": address, "people": people, "size": self._bytes}))

    def entered(self) -> bool:
        self._take()
        return self._ready or self._over

    def start(self, at: int) -> None:
        self._started = self._last = time.monotonic_ns()
        self._say("go")

    def tidy(self) -> None:
        self._take()

    def settled(self) -> bool:
        """What was begun is brought to its end, and then the process ends."""
        if not self._ending:
            self._ending = True
            self._say("finish")
        self._take()
        return self._over

    def finish(self) -> None:
        self._take()
        if not self._over:
            self._stage.ledger.fail("lost", f"{self._name}: a transfer does not come to its end")
        self._end()

    def figures(self) -> dict[str, float]:
        of = {f"MiB {kind}": self._moved[kind] / _MIB for kind in _KINDS}
        return {"files": self._moved["files"], **of, "max_seconds": (self._last - self._started) / 1e9}

    def _say(self, line: str) -> None:
        assert self._process is not None
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(f"{line}\n")
            self._process.stdin.flush()
        except OSError:
            return  # it has ended; its last line tells why, or that there is none

    def _read(self) -> None:
        """The thread: until the process has ended."""
        assert self._process is not None
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._lines.append(line)
        self._lines.append("")

    def _take(self) -> None:
        while self._lines:
            line = self._lines.popleft()
            if not line:
                self._ended()
                continue
            self._stage.steps += 1
            said = json.loads(line)
            if said["what"] == "ready":
                self._ready = True
            elif said["what"] == "failed":
                self._stage.ledger.fail(said["kind"], f"{self._name}: {said['detail']}")
            elif said["what"] in _KINDS:
                self._count(said["what"], said["bytes"], said["began"], said["ended"])

    def _count(self, kind: str, size: int, began: int, ended: int) -> None:
        self._moved[kind] += size
        self._moved["files"] += kind == "downloaded"
        self._times[kind].record((ended - began) // 1000)
        self._last = max(self._last, ended)

    def _ended(self) -> None:
        assert self._process is not None
        self._over = True
        if self._process.wait(_STOP_LIMIT):
            self._errors.seek(0)
            why = self._errors.read().strip().rpartition("\n")[2]
            self._stage.ledger.fail("closed", f"{self._name}: the process that moves files has ended: {why[:200]}")

    def _end(self) -> None:
        """Whatever it does, it ends now."""
        process, reader = self._process, self._reader
        if process is not None and reader is not None and process.stdin is not None and process.stdout is not None:
            process.stdin.close()
            try:
                process.wait(_STOP_LIMIT)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            reader.join()
            process.stdout.close()
        self._errors.close()
