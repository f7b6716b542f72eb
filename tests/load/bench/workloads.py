"""The fixed table: what is done, and who takes part."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from tests.load.scenarios.base import Scenario
from tests.load.scenarios.groups import Groups
from tests.load.scenarios.idle import Idle
from tests.load.scenarios.pairs import Pairs

PAIRS, IDLE, STORM = 50, 5000, 5000
FEW = 100  # connections whose memory is taken off that of all, so that what is paid once is not counted
RATE = 5000.0  # messages per second of the open loop


class Kind(Enum):
    """How it is measured."""

    TALK = "messages"
    IDLE = "connections"
    STORM = "logins"


@dataclass(frozen=True)
class Workload:
    """``group``: the name it is chosen by. ``work``: in words. ``peers``: other servers take part as well; ``asked``:
    but only when it is asked for by name. ``files``: with a file daemon. ``workers``: our server takes part with
    different numbers of workers, and nobody else does.
    """

    name: str
    work: str
    scenarios: Sequence[Scenario]
    kind: Kind = Kind.TALK
    group: str = ""
    peers: bool = False
    asked: bool = False
    tls: bool = False
    files: bool = False
    workers: bool = False

    @property
    def chosen_by(self) -> str:
        return self.group or self.name


_FANOUT, _PAIR_8, _RATE = Groups(1, 100, 10, 8), Pairs(PAIRS, 8), Pairs(PAIRS, rate=RATE)

FANOUT_100 = Workload("fanout-100", "1 group of 100, 10 senders, window 8, 64-byte texts", (_FANOUT,), peers=True)
FANOUT_1000 = Workload("fanout-1000", "1 group of 1,000, 4 senders, window 8", (Groups(1, 1000, 4, 8),), peers=True)
PAIR_8 = Workload("pair-8", "50 pairs, window 8", (_PAIR_8,), peers=True)
PAIR_1 = Workload("pair-1", "50 pairs, window 1", (Pairs(PAIRS, 1),), peers=True)
RATE_5K = Workload("rate-5k", "50 pairs, open loop, 5,000 messages/s", (_RATE,), peers=True, asked=True)
STORM_5000 = Workload("storm", "5,000 logins by resume after a restart, all at once", (), Kind.STORM)
IDLE_5000 = Workload("idle", "5,000 logged-in idle clients", (Idle(IDLE),), Kind.IDLE, peers=True)
TEN_THOUSAND = Workload("ten-thousand", "pair-8 with 9,900 more idle connections", (_PAIR_8, Idle(9900)))
MIXED_FILES = Workload("mixed-files", "rate-5k while uploads and downloads run flat out", (_RATE,), files=True)
TLS_FANOUT = Workload("tls fanout-100", "fanout-100 over TLS", (_FANOUT,), group="tls", tls=True)
TLS_PAIR = Workload("tls pair-8", "pair-8 over TLS", (_PAIR_8,), group="tls", tls=True)
WORKERS_FANOUT = Workload(
    "workers fanout-100", "fanout-100 with 1, 2, 4 workers", (_FANOUT,), group="workers", workers=True
)
WORKERS_PAIR = Workload("workers pair-8", "pair-8 with 1, 2, 4 workers", (_PAIR_8,), group="workers", workers=True)

ALL = (
    FANOUT_100, FANOUT_1000, PAIR_8, PAIR_1, RATE_5K, STORM_5000, IDLE_5000, TEN_THOUSAND, MIXED_FILES, TLS_FANOUT,
    TLS_PAIR, WORKERS_FANOUT, WORKERS_PAIR,
)  # fmt: skip
NAMES = tuple(dict.fromkeys(workload.chosen_by for workload in ALL))
