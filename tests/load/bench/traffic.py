"""Files beside the messages: one user uploads and another one downloads, flat out, for as long as the server runs."""

from __future__ import annotations

import multiprocessing
from collections.abc import Sequence
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess

from tests.load.bench.carrier import main
from tests.load.targets.base import Address, Population, Unusable
from tests.load.targets.chatd import Chatd

START_LIMIT, STOP_LIMIT = 60.0, 30.0  # seconds


class BusyChatd(Chatd):
    """Our server with a file daemon, and with transfers from `start` to `stop`.

    ``moved``: MiB that were uploaded and downloaded per second; ``failures``: what went wrong with them. Both are known
    after `stop`.
    """

    def __init__(self, engine: str, options: Sequence[str] = ()) -> None:
        super().__init__(engine, files=True, options=options)
        self.moved = (0.0, 0.0)
        self.failures: tuple[str, ...] = ()
        self._carrier: SpawnProcess | None = None
        self._pipe: Connection | None = None

    def start(self, population: Population) -> Address:
        address = super().start(population)
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self._carrier = context.Process(target=main, args=(address, self.folder, theirs), name="carrier", daemon=True)
        self._carrier.start()
        theirs.close()
        try:
            trouble = str(self._pipe.recv()) if self._pipe.poll(START_LIMIT) else "nothing happens"
        except EOFError:
            trouble = "their client has ended"
        if trouble:
            raise Unusable(f"no files can be moved: {trouble}")
        return address

    def stop(self) -> None:
        if self._carrier is not None and self._pipe is not None:
            self._end(self._carrier, self._pipe)
        self._carrier = self._pipe = None
        super().stop()

    def _end(self, carrier: SpawnProcess, pipe: Connection) -> None:
        try:
            pipe.send(None)
            if pipe.poll(STOP_LIMIT):
                self.moved, self.failures = pipe.recv()
            else:
                self.failures = ("the transfers do not come to their end",)
        except (EOFError, OSError):
            self.failures = ("the client that moves files has ended by itself",)
        pipe.close()
        carrier.join(STOP_LIMIT)
        if carrier.is_alive():
            carrier.kill()
            carrier.join()
        carrier.close()
