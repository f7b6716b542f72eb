"""Requests whose effect is written by the journal, and answered from its thread."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TypeVar

from chatbase.engine import Conflict, DatabaseUnavailable, Transaction
from chatd.commands.call import Call, Refusal
from chatd.commands.peer import IN_FLIGHT_HIGH, Peer
from chatd.net.connection import Pause
from chatd.net.loop import LoopStopped
from chatd.store.journal import JournalBusy
from chatd.store.records import ChangeRecord, ChatRecord, MarkRecord
from chatwire.codec import Object

log = logging.getLogger("chatd.commands")

T = TypeVar("T")
Run = Callable[[Transaction, int], T]
Done = Callable[[T], Object]


def change(call: Call, run: Run[T], done: Done[T], conflict: str = "internal") -> None:
    """Have the journal run a change, then ``done`` with its result, which returns the reply.

    Both run in the journal's thread. ``run`` must refuse what is done already (see `ChangeRecord`). ``conflict`` is the
    result word when a unique key turns out to be taken. The connection is not read until the reply has gone out. A
    change may come before messages that were sent earlier, so it waits for those of its own connection.
    """

    def finished(outcome: object) -> None:
        if isinstance(outcome, Exception):
            _answer(call, _error_reply(call, outcome, conflict))
            return
        try:
            reply = done(outcome)  # type: ignore[arg-type]
        except Exception as error:  # whatever it is, the change is stored: `busy` would be a lie
            reply = _internal(call, error)
        _answer(call, reply)

    record, peer = ChangeRecord(run, finished), call.peer
    peer.connection.pause(Pause.JOB)
    if peer.in_flight:
        peer.when_idle = lambda: _submit(call, record)
    else:
        _submit(call, record)


def message(peer: Peer, record: ChatRecord) -> None:
    """Have the journal store a message. The reply comes with the delivery."""
    peer.intake.add(record)
    peer.in_flight += 1
    if peer.in_flight >= IN_FLIGHT_HIGH or peer.services.journal.full:
        peer.connection.pause(Pause.JOURNAL)


def mark(call: Call, conversation: int | None, mid: int, moved: Callable[[int], None] | None = None) -> None:
    """Have the journal store a mark, and answer with what is stored then; ``moved`` as in `MarkRecord`."""

    def done(position: int | None) -> None:
        _answer(call, call.reply("busy") if position is None else call.reply("success", mid=position))

    call.peer.connection.pause(Pause.JOB)
    _submit(call, MarkRecord(call.session.user.id, conversation, mid, done, moved))


def _submit(call: Call, record: ChangeRecord | MarkRecord) -> None:
    try:
        call.services.journal.submit(record)
    except JournalBusy:
        call.peer.finish_job(call.reply("busy"))


def _answer(call: Call, reply: Object) -> None:
    try:
        call.peer.loop.post(lambda: call.peer.finish_job(reply))
    except LoopStopped:
        return  # stopping: the connection is gone


def _error_reply(call: Call, error: Exception, conflict: str) -> Object:
    if isinstance(error, Refusal):
        return call.reply(error.result, **error.more)
    if isinstance(error, Conflict):
        return call.reply(conflict)
    if isinstance(error, DatabaseUnavailable):
        return call.reply("busy")
    return _internal(call, error)


def _internal(call: Call, error: Exception) -> Object:
    log.error("unexpected error: cmd=%s", call.command.name, exc_info=error)
    return call.reply("internal")
