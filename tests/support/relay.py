"""A TCP port in front of a database's Unix socket, and what may happen on such a way: it can swallow all bytes."""

from __future__ import annotations

import contextlib
import select
import socket
import threading
from pathlib import Path

CHUNK = 65536


class Relay:
    """One thread carries the bytes of all connections. `silence`: any thread."""

    def __init__(self, target: Path) -> None:
        """Listen in front of a Unix socket."""
        self._target = str(target)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._wake, self._waker = socket.socketpair()
        self._peers: dict[socket.socket, socket.socket] = {}
        self._silent: set[socket.socket] = set()
        self.accepted = 0
        self._thread = threading.Thread(target=self._run, name="relay")
        self._thread.start()

    def silence(self) -> None:
        """Forget all connections as a firewall does: nothing passes any more, and nobody is told. New ones work."""
        self._silent.update(self._peers)

    def close(self) -> None:
        """End, with all connections."""
        self._waker.send(b"x")
        self._thread.join()
        for one in (self._listener, self._wake, self._waker, *self._peers):
            one.close()

    def _run(self) -> None:
        while True:
            ready, _, _ = select.select([self._listener, self._wake, *self._peers], [], [])
            for one in ready:
                if one is self._wake:
                    return
                if one is self._listener:
                    self._accept()
                elif one in self._peers:
                    self._carry(one)

    def _accept(self) -> None:
        near, _ = self._listener.accept()
        far = socket.socket(socket.AF_UNIX)
        try:
            far.connect(self._target)
        except OSError:
            near.close()
            far.close()
            return
        self.accepted += 1
        self._peers |= {near: far, far: near}

    def _carry(self, one: socket.socket) -> None:
        other = self._peers[one]
        try:
            data = one.recv(CHUNK)
            if data and one not in self._silent:
                other.sendall(data)
        except OSError:
            data = b""
        if not data:
            self._end(one, other)

    def _end(self, one: socket.socket, other: socket.socket) -> None:
        """What is silent stays open on the other side: that is what nobody is told."""
        silent = one in self._silent
        self._peers.pop(one)
        one.close()
        if silent:
            return
        with contextlib.suppress(KeyError):
            self._peers.pop(other)
        other.close()
