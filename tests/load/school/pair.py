"""Two who chat with each other meanwhile, from a process of their own; what each message takes is noted."""

from __future__ import annotations

import sys
import threading
import time
from subprocess import PIPE, Popen

from chatwire.client import Client
from tests.load.latency import Latencies
from tests.load.targets.base import Address
from tests.load.targets.chatd import PASSWORD

NAMES = ("ann", "ben")
EVERY = 0.02  # seconds between two messages


class Pair:
    """The process, seen from outside."""

    def __init__(self, address: Address) -> None:
        command = [sys.executable, "-m", __name__, address.host, str(address.port), address.fingerprint]
        self._process = Popen(command, stdin=PIPE, stdout=PIPE, text=True)
        self._read()  # both are in

    def end(self) -> Latencies:
        """Have them stop; how long their messages took, from the request to the other one's screen."""
        assert self._process.stdin is not None
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        taken = Latencies.decode(self._read().encode())
        self._process.communicate(timeout=60)
        return taken

    def _read(self) -> str:
        assert self._process.stdout is not None
        if line := self._process.stdout.readline():
            return line.strip()
        raise RuntimeError("the pair has ended")


def main(host: str, port: int, fingerprint: str) -> None:
    """Chat until a line comes, then print what the messages took."""
    clients = [Client(host, port, tls=bool(fingerprint), fingerprint=fingerprint or None, timeout=120) for _ in NAMES]
    for client, name in zip(clients, NAMES, strict=True):
        client.login(name, PASSWORD, after=-1)
    print("ready", flush=True)
    over = threading.Event()
    threading.Thread(target=_await_end, args=(over,), daemon=True).start()
    taken = Latencies()
    while not over.wait(EVERY):
        began = time.monotonic_ns()
        clients[0].send("private_chat", user_from=NAMES[0], user_to=NAMES[1], text="hello")
        while (push := clients[1].next_push(120)) is not None and push.get("cmd") != "private_chat":
            pass
        taken.record((time.monotonic_ns() - began) // 1000)
    print(taken.encode().decode(), flush=True)


def _await_end(over: threading.Event) -> None:
    sys.stdin.readline()
    over.set()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), sys.argv[3])
