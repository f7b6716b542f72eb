"""The chat server's side of its link with the file daemon: it listens, remembers, and says what the test wants."""

from __future__ import annotations

import json
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from chatwire.certificate import ensure_self_signed
from chatwire.tickets import check_hello
from chatwire.tls import TlsChannel, TlsError, server_context
from tests.support.waiting import DEADLINE, wait_until

Object = dict[str, Any]


class _Wire:
    """One TLS connection, on which two threads may speak: what OpenSSL does is guarded by a lock."""

    def __init__(self, sock: socket.socket, context: ssl.SSLContext) -> None:
        self._sock = sock
        self._channel = TlsChannel(context, server_side=True)
        self._lock = threading.Lock()

    def lines(self) -> Iterator[bytes]:
        """What the other side says, until it or we have had enough. Raises OSError and TlsError."""
        rest = b""
        while data := self._sock.recv(65536):
            with self._lock:
                rest += self._channel.receive(data)
                self._sock.sendall(self._channel.outgoing())
            *lines, rest = rest.split(b"\n")
            yield from lines

    def say(self, obj: Object) -> None:
        """Send an object."""
        with self._lock:
            self._channel.send(json.dumps(obj).encode() + b"\n")
            self._sock.sendall(self._channel.outgoing())

    def cut(self) -> None:
        """End it."""
        with suppress(OSError):
            self._sock.shutdown(socket.SHUT_RDWR)


class ChatdSide:
    """A TLS server for one file daemon at a time; a newer connection takes the place of the older."""

    def __init__(self, data: Path) -> None:
        """``data`` is the folder that both daemons share."""
        self._context = server_context(*map(str, ensure_self_signed(data)))
        self._data = data
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self._lock = threading.Lock()  # guards all below
        self.hellos: list[Object] = []
        self.reports: list[Object] = []
        self.ports: list[Object] = []
        self.result = "success"  # what reports are answered with; empty: nothing, and the connection ends
        self.visits = 0  # connections, whatever became of them
        self._wire: _Wire | None = None
        self._threads: list[threading.Thread] = []
        self._listener.settimeout(0.05)
        self._start(self._accept)

    def say(self, **push: object) -> None:
        """Send a push, as soon as the daemon is there."""
        wait_until(lambda: self._wire is not None, "the daemon is there")
        assert self._wire is not None
        self._wire.say(push)

    def drop(self) -> None:
        """Cut the connection."""
        with self._lock:
            wire, self._wire = self._wire, None
        if wire is not None:
            wire.cut()

    def told(self, file: str, state: str, **fields: object) -> list[Object]:
        """The reports that say this."""
        with self._lock:
            wanted = {"file": file, "state": state, **fields}
            return [report for report in self.reports if wanted.items() <= report.items()]

    def wait_told(self, file: str, state: str, **fields: object) -> Object:
        """The last report that says this, once there is one."""
        wait_until(lambda: self.told(file, state, **fields), f"chatd is told {state}")
        return self.told(file, state, **fields)[-1]

    def close(self) -> None:
        """Be gone."""
        self._listener.close()
        self.drop()
        for thread in self._threads:
            thread.join(DEADLINE)
            assert not thread.is_alive()

    # -- its threads -----------------------------------------------------------

    def _start(self, run: Any, *args: object) -> None:
        self._threads.append(threading.Thread(target=run, args=args, name="chatd-side"))
        self._threads[-1].start()

    def _accept(self) -> None:
        while True:
            try:
                sock, _ = self._listener.accept()
            except TimeoutError:
                continue
            except OSError:
                return
            self._start(self._serve, sock)

    def _serve(self, sock: socket.socket) -> None:
        self.visits += 1
        with sock, suppress(OSError, TlsError):
            sock.settimeout(None)
            wire = _Wire(sock, self._context)
            for line in wire.lines():
                if not self._take(wire, json.loads(line)):
                    return

    def _take(self, wire: _Wire, said: Object) -> bool:
        result = "success"
        with self._lock:
            if said["cmd"] == "file_daemon":
                check_hello((self._data / "secret").read_bytes().strip(), said["token"])
                self.hellos.append(said)
                self._wire = wire
            elif said["cmd"] == "file_report":
                result = self.result
                if result:
                    self.reports.append(said)
            elif said["cmd"] == "file_port":
                self.ports.append(said)
        if result:
            wire.say({"cmd": f"{said['cmd']}_reply", "id": said["id"], "result": result})
        return bool(result)
