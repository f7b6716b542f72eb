"""How far others have read what we wrote to them: asked for once there is a connection, since nobody repeats it."""

from __future__ import annotations

import threading
from functools import partial

from chatwire.codec import Object
from chatwire.fields import MAX_PEERS
from chatwire.outbox import patience, try_again
from qtclient.cache import incoming
from qtclient.cache.ledger import Ledger
from qtclient.cache.writer import Writer
from qtclient.net.chat import Chat
from qtclient.records import Key, Kind


class ReadBy:
    """`begin`, `stop`: any thread. The answers: the chat thread; the cache: the writer's.

    Only those are asked about whose conversations hold something of ours that is not known to be read, and one request
    is on its way at a time, however many they are.
    """

    def __init__(self, chat: Chat, writer: Writer) -> None:
        self._chat = chat
        self._writer = writer
        self._round = 0  # answers to earlier questions do not count
        self._timer: threading.Timer | None = None

    def begin(self) -> None:
        """Ask anew.

        What another client of ours has sent meanwhile has to be in the cache first. The server answers nothing before
        all that was missed has gone out, so the answer to any request says that it has come.
        """
        self._round += 1
        self._chat.ask("ping", partial(self._caught_up, self._round))

    def stop(self) -> None:
        """No more of it; the next session begins anew."""
        self._round += 1
        if self._timer is not None:
            self._timer.cancel()

    def _caught_up(self, number: int, reply: Object) -> None:
        if reply.get("result") == "success":
            self._writer.do(partial(self._look, number))

    def _look(self, number: int, ledger: Ledger) -> None:
        ledger.caught_up()
        ledger.after_commit(partial(self._ask, number, ledger.conversations.unread_by_peers()))

    def _ask(self, number: int, peers: list[str]) -> None:
        if peers and number == self._round:
            some, rest = peers[:MAX_PEERS], peers[MAX_PEERS:]
            self._chat.ask("read_by", partial(self._answered, number, some, rest), peers=some)

    def _answered(self, number: int, peers: list[str], rest: list[str], reply: Object) -> None:
        if number != self._round:
            return
        if try_again(str(reply.get("result"))):
            self._timer = threading.Timer(patience(reply), self._ask, (number, peers + rest))
            self._timer.daemon = True
            self._timer.start()
        elif reply.get("result") == "success":
            self._writer.do(partial(self._take, number, _positions(reply, peers), rest))

    def _take(self, number: int, positions: dict[str, int], rest: list[str], ledger: Ledger) -> None:
        for peer, mid in positions.items():
            ledger.messages.read_by_peer(Key(Kind.PEER, peer), mid)
        ledger.after_commit(partial(self._ask, number, rest))


def _positions(reply: Object, peers: list[str]) -> dict[str, int]:
    """What makes sense of an answer."""
    found = incoming.names(reply.get("read"), "peer")
    return {peer: mid for peer, entry in found if peer in peers and (mid := incoming.mid(entry))}
