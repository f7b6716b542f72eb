"""What is gathered while much happens is shown as if it had been shown step by step."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from qtclient.cache.changes import Changes
from qtclient.records import NOT_STORED, FileInfo, FileState, Message, Sent
from tests.qtclient.model.helpers import all_in, peer, sessions
from tests.qtclient.support import Daemons


def test_what_changes_right_after_a_message_was_stored_is_shown(
    plain_daemons: Daemons, name: Callable[[str], str], tmp_path: Path
) -> None:
    ann, ben = name("ann"), name("ben")
    file = FileInfo("local", "a.pdf", 1000, FileState.WAITING)
    waiting = Message(NOT_STORED, peer(ben), 0, "cid", ann, True, "", 1, Sent.SENDING, file)
    stored = replace(waiting, row=7, mid=7, sent=Sent.STORED, file=replace(file, file="known"))
    complete = replace(stored, file=replace(file, file="known", state=FileState.COMPLETE))
    with sessions(plain_daemons, tmp_path, ann, ben) as (one, _):
        model, dispatch = one.messages(peer(ben)), one._dispatch
        dispatch.take(Changes(added=[waiting]))
        dispatch.turn_over()
        dispatch.take(Changes(moved=[(waiting.row, stored)]))
        dispatch.take(Changes(changed=[complete]))
        dispatch.turn_over()
        assert all_in(model) == [complete]
