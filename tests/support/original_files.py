"""How the original client moves files: a thread for each, which believes what the server has told it."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.support.waiting import DEADLINE

Object = dict[str, Any]


class FileThreads:
    """The threads of one client, which connect to ``host``; what comes is stored in ``folder``, under the name told.

    ``received`` are whole files. ``after`` is called when one is whole, by its thread.
    """

    def __init__(self, host: str, source: str, folder: Path | None, after: Callable[[], None]) -> None:
        self.received: list[Path] = []
        self.problems: list[str] = []  # what the program prints, and its person never sees
        self._host, self._source = host, source
        self._folder = folder
        self._after = after
        self._threads: list[threading.Thread] = []

    def send(self, told: Object) -> None:
        """`send_file_port_reply`: it opens the path that it is told; one that is not there has no bytes."""
        self._start(self._send, told)

    def receive(self, told: Object) -> None:
        """`recv_file_port_reply`: it takes as many bytes as it is told; no number is 0."""
        self._start(self._receive, told)

    def join(self) -> None:
        """Wait for all of them."""
        for thread in self._threads:
            thread.join(DEADLINE)
            assert not thread.is_alive(), f"{thread.name} hangs"

    def _start(self, target: Callable[[Object], None], told: Object) -> None:
        thread = threading.Thread(target=target, args=(told,), name="original-file")
        self._threads.append(thread)
        thread.start()

    def _connect(self, told: Object) -> socket.socket | None:
        port = told.get("port")
        try:
            return socket.create_connection((self._host, port if isinstance(port, int) else 0), 10, (self._source, 0))
        except OSError as error:
            self.problems.append(f"no connection to {port}: {error}")
            return None

    def _send(self, told: Object) -> None:
        try:
            data = Path(str(told.get("filename"))).read_bytes()
        except OSError as error:
            self.problems.append(str(error))
            data = b""
        if (sending := self._connect(told)) is None:
            return
        with sending:
            try:
                sending.sendall(data)
            except OSError as error:
                self.problems.append(str(error))

    def _receive(self, told: Object) -> None:
        length = told.get("length")
        left = int(str(length)) if str(length).isdigit() else 0
        assert self._folder is not None, "it has nowhere to store a file"
        path = self._folder / str(told.get("filename"))
        if (receiving := self._connect(told)) is None:
            return
        with receiving, path.open("wb") as file:
            while left:
                try:
                    data = receiving.recv(min(left, 4096))
                except OSError as error:
                    self.problems.append(str(error))
                    data = b""
                if not data:
                    self.problems.append(f"{left} bytes are missing")
                    return
                left -= file.write(data)
        self.received.append(path)
        self._after()
