"""What all clients of one generator process share: the wire, the accounts, the poller, and who is to speak next."""

from __future__ import annotations

import heapq
import select
import ssl
import time
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

from chatwire.tls import client_context
from tests.load.latency import Latencies
from tests.load.ledger import Ledger
from tests.load.targets.base import Address
from tests.load.wires.base import Wire

if TYPE_CHECKING:
    from tests.load.client import Client
    from tests.load.mouth import Mouth

READ_SIZE = 256 * 1024


class Speaks(Protocol):
    """One whose window has opened."""

    def speak(self) -> None: ...


class Stage:
    """One for each process; the generator's thread alone uses it.

    ``speaking``: messages may be sent. ``eager``: senders whose window has opened in this round. ``poller``: a client
    registers itself; ``clients``: by descriptor. ``connected``: how many have logged in and are still there.
    ``entering``: connects that wait until fewer are on their way in. ``steps``: grows with whatever is done that is no
    message. ``times``: how long such things took, by scenario and name.
    """

    def __init__(self, wire: Wire, address: Address) -> None:
        self.wire = wire
        self.address = address
        self.ledger = Ledger()
        self.poller = select.epoll()
        self.buffer = memoryview(bytearray(READ_SIZE))
        self.clients: dict[int, Client] = {}
        self.connected = 0
        self.entering: deque[Callable[[], None]] = deque()
        self.steps = 0
        self.patience = 15.0  # seconds without any progress, after which what is missing does not come
        self.times: dict[str, dict[str, Latencies]] = {}
        self.pongs = 0
        self.speaking = False
        self.eager: set[Speaks] = set()
        self.context: ssl.SSLContext | None = client_context(verify=False) if address.tls else None
        self._timetable: list[tuple[int, int, Mouth]] = []

    def schedule(self, first: int, number: int, mouth: Mouth) -> None:
        """Have a sender of an open loop speak at ``first`` (ns) and from then on in its own interval."""
        heapq.heappush(self._timetable, (first, number, mouth))

    @property
    def progress(self) -> int:
        """Grows with everything that is done."""
        return self.ledger.delivered + self.ledger.acked + self.steps

    def timed(self, scenario: str, name: str) -> Latencies:
        """Where a scenario records how long something takes; all its casts in this process share it."""
        return self.times.setdefault(scenario, {}).setdefault(name, Latencies())

    def speak_due(self) -> float | None:
        """Let those speak whose time has come; the seconds until the next one's, None without any."""
        timetable = self._timetable
        if not self.speaking or not timetable:
            return None
        now = time.monotonic_ns()
        while timetable[0][0] <= now:
            due, number, mouth = timetable[0]
            mouth.gather(due)
            self.eager.add(mouth)
            heapq.heapreplace(timetable, (due + mouth.interval, number, mouth))
        self.speak_eager()
        return max(0.0, (timetable[0][0] - time.monotonic_ns()) / 1e9)

    def speak_eager(self) -> None:
        """Let those speak whose window has opened: one send for each."""
        if self.eager:
            eager, self.eager = self.eager, set()
            for one in eager:
                one.speak()

    def close(self) -> None:
        """Close all connections."""
        for client in list(self.clients.values()):
            client.close()
        self.poller.close()
