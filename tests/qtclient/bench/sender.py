"""Those who write: in a process of its own, so that it takes nothing from the client's interpreter.

``python -m tests.qtclient.bench.sender HOST:PORT FINGERPRINT PASSWORD TO RATE SECONDS NAME...`` sends RATE messages a
second in all, from each NAME in turn; ends earlier when standard input is closed.
"""

from __future__ import annotations

import random
import select
import subprocess
import sys
import time

from chatwire.client import Client
from tests.qtclient.support import PASSWORD, Daemons
from tests.support.running import ROOT

_SAID = """well yes no the a of and lake hut train ticket tomorrow morning soup cold wind 你好 明天 下午 会议 看看 谢谢
https://example.org/a/b really quite nice beautiful way down forest hours break car station clock four together"""
WORDS = _SAID.split()


def text(number: int) -> str:
    """What people write: mostly a line, now and then a paragraph. The same for the same number."""
    dice = random.Random(number)
    return " ".join(dice.choices(WORDS, k=dice.choice((3, 5, 8, 12, 12, 20, 60)))) + f" ({number})"


def fill(client: Client, to: str, count: int, window: int = 500) -> None:
    """Send many messages as fast as they are stored."""
    sent = answered = 0
    while answered < count:
        while sent < count and sent - answered < window:
            client.send("private_chat", user_from=client.user, user_to=to, text=text(sent))
            sent += 1
        reply = client.next_push(30)
        assert reply is not None, "the server is silent"
        if reply.get("cmd") == "private_chat_reply":
            assert reply["result"] in ("success", "offline"), reply
            answered += 1


def start(daemons: Daemons, to: str, names: list[str], rate: int, seconds: int) -> subprocess.Popen[bytes]:
    """Begin to write to somebody."""
    words = [daemons.address, daemons.fingerprint, PASSWORD, to, str(rate), str(seconds), *names]
    return subprocess.Popen(
        [sys.executable, "-m", "tests.qtclient.bench.sender", *words], cwd=ROOT, stdin=subprocess.PIPE
    )


def main(address: str, fingerprint: str, password: str, to: str, rate: str, seconds: str, *names: str) -> None:
    """Send evenly; each connection's replies are read and dropped."""
    host, _, port = address.rpartition(":")
    clients = []
    for name in names:
        client = Client(host, int(port), tls=True, fingerprint=fingerprint)
        client.login(name, password, after=-1)
        clients.append(client)
    pause = 1 / int(rate)
    begin = time.monotonic()
    for number in range(int(rate) * int(seconds)):
        wait = begin + number * pause - time.monotonic()
        if select.select([sys.stdin], [], [], max(0.0, wait))[0]:
            break
        client = clients[number % len(clients)]
        client.send("private_chat", user_from=client.user, user_to=to, text=text(number))
        while client.next_push(0) is not None:
            pass
    for client in clients:
        client.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
