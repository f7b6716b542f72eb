"""A chat server that says what a test wants, also what no good server says."""

from __future__ import annotations

import contextlib
import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from chatwire.codec import Object

Answer = Callable[[Object], "list[Object | bytes] | None"]
"""What is sent for a request; None hangs up."""


class ScriptedServer:
    """In plain text. Each connection has a thread; `push` goes to all."""

    def __init__(self, answer: Answer) -> None:
        self.asked: list[Object] = []
        self._answer = answer
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._sockets: list[socket.socket] = []
        self._threads = [threading.Thread(target=self._accept, name="scripted")]
        self._threads[0].start()

    def push(self, *said: Object | bytes) -> None:
        """Say something without being asked."""
        for sock in list(self._sockets):
            self._send(sock, said)

    def hang_up(self) -> None:
        """End all connections; others may come."""
        for sock in list(self._sockets):
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)

    def count(self, cmd: str) -> int:
        """How often something was asked for."""
        return sum(obj.get("cmd") == cmd for obj in self.asked)

    def close(self) -> None:
        with contextlib.suppress(OSError):  # may be called twice
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for sock in self._sockets:
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                sock, _ = self._listener.accept()
                self._sockets.append(sock)
                thread = threading.Thread(target=self._serve, args=(sock,), name="scripted")
                self._threads.append(thread)
                thread.start()

    def _serve(self, sock: socket.socket) -> None:
        with contextlib.suppress(OSError), sock, sock.makefile("rb") as lines:
            for line in lines:
                request = json.loads(line)
                self.asked.append(request)
                said = self._answer(request)
                if said is None:
                    break
                self._send(sock, said)
        self._sockets.remove(sock)

    @staticmethod
    def _send(sock: socket.socket, said: object) -> None:
        assert isinstance(said, list | tuple)
        data = b"".join(one if isinstance(one, bytes) else json.dumps(one).encode() + b"\n" for one in said)
        with contextlib.suppress(OSError):
            sock.sendall(data)


@contextmanager
def scripted(answer: Answer) -> Iterator[ScriptedServer]:
    """One that is closed afterwards."""
    server = ScriptedServer(answer)
    try:
        yield server
    finally:
        server.close()


def reply(request: Object, result: str = "success", **more: object) -> Object:
    """A proper answer."""
    return {"cmd": f"{request['cmd']}_reply", "result": result, "id": request.get("id"), **more}


def welcome(request: Object, **more: object) -> Object:
    """A proper answer to a login."""
    usual: Object = {"friends": [], "groups": [], "unread": [], "token": "token", "mid": 0, "limits": {}}
    return {**reply(request), **usual, **more}
