"""What is done about each event of a session's threads. The windows' thread."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from PyQt5.QtCore import QTimer

from qtclient.cache.changes import Changes
from qtclient.i18n import tr
from qtclient.model import words
from qtclient.model.messages import PAGE
from qtclient.model.stage import Stage
from qtclient.net.happened import (
    Befriended,
    Ended,
    Gone,
    Happened,
    Later,
    Membership,
    Notice,
    Presence,
    Rebuilt,
    Restored,
    Roster,
    TypingNow,
    Uncached,
    Unwritable,
)
from qtclient.records import Conversation, Friend, Key, Kind, LinkState, Message, Phase, TransferInfo

_LISTED = 0.02  # seconds of rest for each line of the list that has changed: many cost much, and nobody can read them
_LEAST = 0.1  # seconds of rest after any


class Dispatch:
    """Keeps the models of a stage true, and has its signals sent, those about lists once for each turn."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._changed = Changes()  # what has changed in this turn, to be shown at once
        self._told: set[str] = set()  # signals to be sent at the end of the turn
        self._filling = False  # a rebuilt cache is being filled
        self._unlisted: dict[Key, Conversation] = {}  # what the list of conversations does not show yet
        self._list_later = QTimer(stage)
        self._list_later.setSingleShot(True)
        self._list_later.timeout.connect(self._list_now)
        self._rested = 0.0  # time.monotonic() from which on it may change again
        self._handlers: dict[type[Any], Callable[[Any], None]] = {
            Changes: self._changed_too,
            LinkState: self._link,
            TransferInfo: self._transfer,
            Roster: self._roster,
            Presence: self._presence,
            Befriended: self._befriended,
            Membership: self._membership,
            TypingNow: lambda event: stage.typing.emit(event.key, event.who),
            Notice: lambda event: stage.notice.emit(tr(event.text, **event.values)),
            Uncached: self._uncached,
            Unwritable: self._unwritable,
            Ended: self._ended,
            Rebuilt: lambda event: self._rebuilt(),
            Restored: lambda event: self._restored(),
            Later: lambda event: event.job(),
            Gone: lambda event: stage.transfers_model.remove(event.id),
        }

    def take(self, event: Happened) -> None:
        """One event."""
        if self._stage.closed:
            return
        if not isinstance(event, Changes):
            self._show_changes()  # in the order in which it happened
        self._handlers[type(event)](event)

    def turn_over(self) -> None:
        """Say once what has happened often."""
        if not self._stage.closed:
            self._show_changes()
        told, self._told = self._told, set()
        for name in sorted(told):
            getattr(self._stage, name).emit()

    # -- messages ------------------------------------------------------------------------

    def _changed_too(self, changes: Changes) -> None:
        self._changed.extend(changes)

    def _uncached(self, event: Uncached) -> None:
        """A message that is shown though nobody can keep it now. The list knows of it only from here."""
        message = event.message
        known = self._unlisted.get(message.key) or self._stage.conversation(message.key)
        line = replace(
            known, preview=words.preview(message), preview_sender=message.sender, ts=max(known.ts, message.ts),
            preview_is_file=message.file is not None, unread=known.unread + (not message.mine),
            draft=self._stage.draft(message.key),
        )  # fmt: skip
        self.list_uncached(line)
        arrived = [] if event.live is None else [(message, event.live)]
        self._changed_too(Changes(added=[message], arrived=arrived))

    def list_uncached(self, line: Conversation) -> None:
        """A line of the list that nobody can keep now."""
        self._unlisted[line.key] = line
        self._list_soon()

    def _show_changes(self) -> None:
        changes, self._changed = self._changed, Changes()
        if not changes:
            return
        for key in changes.joined:
            if (model := self._stage.models.get(key)) is not None:
                model.reload()  # what it shows need not go on with what comes
        self._add(changes.added)
        self._move(changes.moved)
        self._change(changes.changed)  # by the rows that they have now: what came before a move, the move tells
        self._take_away(changes)
        self._list(changes.conversations)
        for message, live in changes.arrived:
            self._stage.message_arrived.emit(message, live)
            if message.file is not None:
                self._stage.file_offered.emit(message)

    def _add(self, messages: list[Message]) -> None:
        by_key: dict[Key, list[Message]] = {}
        for message in messages:
            by_key.setdefault(message.key, []).append(message)
        for key, found in by_key.items():
            if (model := self._stage.models.get(key)) is not None:
                model.add(found)

    def _change(self, messages: list[Message]) -> None:
        for message in {message.row: message for message in messages}.values():
            if (model := self._stage.models.get(message.key)) is not None:
                model.change(message)
            self._stage.message_changed.emit(words.told(message))

    def _move(self, moved: list[tuple[int, Message]]) -> None:
        """Messages that have got their lasting place."""
        for row, message in moved:
            if (model := self._stage.models.get(message.key)) is not None:
                model.move(row, message)
            self._stage.message_changed.emit(words.told(message))

    def _take_away(self, changes: Changes) -> None:
        """Messages that are gone, or read."""
        stage = self._stage
        for message in changes.removed:
            if (model := stage.models.get(message.key)) is not None:
                model.remove(message.row)
        for key, mid in changes.read:
            if (model := stage.models.get(key)) is not None:
                for message in model.read_up_to(mid):
                    stage.message_changed.emit(message)

    def _list(self, conversations: list[Conversation]) -> None:
        """The first change is shown in the event loop's next turn, those that follow soon after it together."""
        for conversation in conversations:
            self._stage.cached(conversation)
            self._unlisted[conversation.key] = conversation
        if conversations:
            self._list_soon()

    def _list_soon(self) -> None:
        if not self._list_later.isActive():
            wait = self._rested - time.monotonic()
            self._list_later.start(max(0, int(wait * 1000) + 1))

    def _list_now(self) -> None:
        stage, changed = self._stage, False
        unlisted, self._unlisted = self._unlisted, {}
        if stage.closed:
            return
        for conversation in unlisted.values():
            if conversation.ts or stage.conversations.get(conversation.key) is not None:
                stage.conversations.put(stage.with_presence(conversation))
                changed = True
        if changed:
            self._rested = time.monotonic() + max(_LEAST, _LISTED * len(unlisted))
            stage.conversations_changed.emit()

    # -- people ----------------------------------------------------------------------------

    def _roster(self, roster: Roster) -> None:
        stage = self._stage
        stage.limits = roster.limits
        stage.friends_model.show(roster.friends)
        stage.groups_model.set_all(roster.groups)
        self._show_presence()
        self._told |= {"friends_changed", "groups_changed"}

    def _show_presence(self) -> None:
        stage = self._stage
        for conversation in stage.conversations.records():
            online = conversation.key.kind is Kind.PEER and stage.is_online(conversation.key.name)
            if conversation.online != online:
                stage.conversations.put(replace(conversation, online=online))

    def _presence(self, event: Presence) -> None:
        stage = self._stage
        if stage.friends_model.get(event.name) is None or stage.is_online(event.name) == event.online:
            return
        self._put_friend(event.name, event.online)
        stage.presence.emit(event.name, event.online)

    def _befriended(self, event: Befriended) -> None:
        if event.gone:
            self._stage.friends_model.remove(event.name)
            self._stage.conversations.set_online(event.name, False)
            self._told.add("friends_changed")
            return
        self._put_friend(event.name, event.online is True)
        if event.by_them:
            self._stage.friend_added.emit(event.name)

    def _put_friend(self, name: str, online: bool) -> None:
        self._stage.friends_model.put(Friend(name, online))
        self._stage.conversations.set_online(name, online)
        self._told.add("friends_changed")

    def _membership(self, event: Membership) -> None:
        stage = self._stage
        if event.user == stage.user:
            if event.joined:
                stage.groups_model.put(event.group)
            else:
                stage.groups_model.remove(event.group)
            self._told.add("groups_changed")
        stage.group_event.emit(event.group, event.user, event.joined)

    # -- the session -------------------------------------------------------------------------

    def _link(self, state: LinkState) -> None:
        stage = self._stage
        was_online = stage.online
        stage.link = replace(state, reason=words.link(state.reason))
        if was_online and not stage.online:
            stage.friends_model.show({friend.name: False for friend in stage.friends})
            self._show_presence()
            self._told.add("friends_changed")
        if stage.online and not was_online:
            for model in list(stage.models.values()):
                model.look_again()
        stage.link_changed.emit(stage.link)

    def _unwritable(self, event: Unwritable) -> None:
        stage = self._stage
        stage.unwritable = words.problem(event.problem or stage.lasting_problem)
        if not event.problem:
            stage.notice.emit(tr("The disk takes it again; everything is kept."))
        stage.unwritable_changed.emit()

    def _ended(self, event: Ended) -> None:
        stage = self._stage
        if event.result in ("token_error", "password_changed", "user_not_exist"):
            stage.forget_token()
        if event.fingerprint:
            stage.certificate_changed.emit(event.fingerprint)
        stage.logged_out.emit(words.result(event.result))

    def _rebuilt(self) -> None:
        stage = self._stage
        self._filling = True
        self._unlisted.clear()
        stage.cache_replaced()
        stage.notice.emit(
            tr("What was kept on this computer was damaged. It is set aside, and fetched from the server again.")
        )
        stage.rebuilt.emit()
        self._told.add("conversations_changed")

    def _restored(self) -> None:
        for model in list(self._stage.models.values()):
            if model.rowCount() < PAGE and model.at_end:
                model.reload()  # what it lacked is there now
        if self._filling:
            self._filling = False
            self._stage.notice.emit(tr("Everything has been fetched from the server again."))

    def _transfer(self, info: TransferInfo) -> None:
        said = words.transfer(info)
        self._stage.transfers_model.put(said)
        self._stage.transfer_changed.emit(said)
        if not info.phase.over and info.phase is not Phase.PAUSED:
            self._stage.watch_transfers()
