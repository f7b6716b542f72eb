"""Requests whose answers go into the cache. The thread that calls; answers come in the chat thread."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from chatwire.codec import Object
from chatwire.outbox import try_again
from qtclient.cache.ledger import Ledger
from qtclient.cache.writer import Writer
from qtclient.net.chat import Chat
from qtclient.records import Key

_HISTORY = 100  # messages in a page


def fetch_history(chat: Chat, writer: Writer, key: Key, before: int, done: Callable[[bool], None]) -> None:
    """Fetch what is directly before a mid; ``done`` is told, in any thread, whether it is in the cache.

    A page that was on its way while the user left a group and joined it again may lack what was said in between.
    """

    def ask(ledger: Ledger) -> None:
        done_with = partial(answered, ledger.since(key))
        ledger.after_commit(lambda: chat.ask("history", done_with, before=before, limit=_HISTORY, **key.field))

    def answered(since: int, reply: Object) -> None:
        found, more = reply.get("messages"), reply.get("more") is True
        if reply.get("result") != "success" or not isinstance(found, list):
            done(False)
            return
        objs = [obj for obj in found if isinstance(obj, dict)]

        def job(ledger: Ledger) -> None:
            same = ledger.since(key) == since
            if same:
                ledger.history(key, objs, before, more=more)
            ledger.after_commit(partial(done, same))

        writer.do(job)

    writer.do(ask)


def tell_read(chat: Chat, writer: Writer, key: Key, mid: int) -> None:
    """Tell the server that a conversation has been read so far; tried again after the next login, if need be."""

    def done(reply: Object) -> None:
        result = str(reply.get("result"))
        if result == "success" or not (try_again(result) or result == "link_lost"):  # else it will never want to know
            writer.do(lambda ledger: ledger.conversations.told(key, mid))

    chat.ask("read", done, mid=mid, **key.field)
