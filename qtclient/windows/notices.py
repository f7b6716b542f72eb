"""Decides what is worth a notice of the desktop. Nothing here ever asks for an answer. GUI thread only."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

from PyQt5.QtCore import QObject, QTimer, pyqtSignal

from qtclient.i18n import ntr, tr
from qtclient.model.session import Session
from qtclient.model.settings import Settings
from qtclient.records import Key, Kind, Link, LinkState, Message
from qtclient.widgets import said
from qtclient.windows.balloons import Balloons
from qtclient.windows.notifier import Note, Notifier
from qtclient.windows.tray import Tray

_GATHER = 400  # ms: what comes within is told together
_PAUSE = 1500  # ms at least between two tellings
_MOST = 3  # notices of one kind at once; the rest is counted
_QUIET = 5.0  # seconds after a login in which it is no news who is online
_LONGEST = 160  # characters of a message in a notice

Name = TypeVar("Name")
News = TypeVar("News")


class Notices(QObject):
    """Gathers what comes at once, and takes away what has been seen."""

    open_wanted = pyqtSignal(object)  # Key
    show_wanted = pyqtSignal()  # the main window
    shown = pyqtSignal(str, str)  # title and text, for who listens

    def __init__(
        self, session: Session, settings: Settings, tray: Tray, looked_at: Callable[[Key], bool], parent: QObject
    ) -> None:
        """``looked_at`` tells whether the user has a conversation before the eyes."""
        super().__init__(parent)
        self._session, self._settings, self._looked_at = session, settings, looked_at
        self._messages: dict[Key, list[Message]] = {}
        self._presences: dict[str, bool] = {}
        self._news_from = time.monotonic() + _QUIET
        self._told = time.monotonic() - _PAUSE / 1000
        self._gather = QTimer(self)
        self._gather.setSingleShot(True)
        self._gather.timeout.connect(self._tell)
        self._notifier = Notifier(self)
        self._balloons = Balloons(tray, self)
        self._notifier.refused.connect(self._balloons.show)
        for shower in (self._notifier, self._balloons):
            shower.chosen.connect(self._chosen)
        session.message_arrived.connect(self._arrived)
        session.presence.connect(self._presence)
        session.friend_added.connect(self._befriended)
        session.link_changed.connect(self._link)
        session.conversations_changed.connect(self._seen)

    def close(self) -> None:
        """Take all of them away."""
        self._gather.stop()
        self._notifier.close()

    # -- what happens --------------------------------------------------------------------

    def _wanted(self) -> bool:
        return bool(self._settings.get("notify")) and not self._settings.get("dnd")

    def _arrived(self, message: Message, live: bool) -> None:
        if not live or not self._wanted() or self._is_muted(message.key) or self._looked_at(message.key):
            return
        self._messages.setdefault(message.key, []).append(message)
        self._tell_soon()

    def _is_muted(self, key: Key) -> bool:
        """Out of memory where that knows it: it is asked for every message."""
        record = self._session.conversations.get(key)
        return record.muted if record is not None else self._session.muted(key)

    def _presence(self, name: str, online: bool) -> None:
        key = Key(Kind.PEER, name)
        if time.monotonic() < self._news_from or not self._wanted() or self._is_muted(key) or self._looked_at(key):
            return
        if self._presences.pop(name, online) == online:  # else they have come and gone within the moment
            self._presences[name] = online
            self._tell_soon()

    def _befriended(self, name: str) -> None:
        if self._wanted():
            key, harmless = Key(Kind.PEER, name), said.name(name)
            self._show(Note(harmless, tr("{name} is your friend now", name=harmless), key, passing=True))

    def _link(self, state: LinkState) -> None:
        if state.link is Link.ONLINE:
            self._news_from = time.monotonic() + _QUIET

    def _seen(self) -> None:
        """A notice about what the user has read meanwhile goes away."""
        for shower in (self._notifier, self._balloons):
            for key in shower.about():
                record = self._session.conversations.get(key)
                if record is not None and not record.unread:
                    shower.withdraw(key)

    # -- what is told --------------------------------------------------------------------

    def _tell_soon(self) -> None:
        if not self._gather.isActive():
            since = int((time.monotonic() - self._told) * 1000)
            self._gather.start(max(_GATHER, _PAUSE - since))

    def _tell(self) -> None:
        self._told = time.monotonic()
        messages, self._messages = self._messages, {}
        presences, self._presences = self._presences, {}
        for name in [name for name in presences if Key(Kind.PEER, name) in messages]:
            del presences[name]  # who writes is there
        some, others = _first(messages)
        for key, said_there in some.items():
            self._show(_about_messages(key, said_there))
        if others:
            count = sum(map(len, others.values()))
            self._show(Note(tr("Chat"), ntr("{count} more message", "{count} more messages", count)))
        few, many = _first(presences)
        for name, online in few.items():
            self._show(_about_presence(name, online))
        if many:
            self._show(_about_many(list(many.values())))

    def _show(self, note: Note) -> None:
        self.shown.emit(note.title, note.text)
        self._notifier.show(note)

    def _chosen(self, note: Note) -> None:
        if note.key is None:
            self.show_wanted.emit()
        else:
            self.open_wanted.emit(note.key)


def _first(news: dict[Name, News]) -> tuple[dict[Name, News], dict[Name, News]]:
    """Those that get a notice each, and those that are counted: never a single one."""
    most = _MOST if len(news) > _MOST + 1 else _MOST + 1
    items = list(news.items())
    return dict(items[:most]), dict(items[most:])


def _about_messages(key: Key, messages: list[Message]) -> Note:
    """Messages of one conversation."""
    last = messages[-1]
    who, where = said.name(last.sender), said.name(key.name)
    title = tr("{who} in {group}", who=who, group=where) if key.kind is Kind.GROUP else who
    if len(messages) > 1:
        return Note(where, ntr("{count} new message", "{count} new messages", len(messages)), key)
    if last.file is not None:
        name = said.name(last.file.name)
        short = name if len(name) <= _LONGEST else f"{name[: _LONGEST - 20]}…{name[-20:]}"  # with its ending
        text = tr("File: {name}, {size}", name=short, size=said.size(last.file.length))
        return Note(title, text, key)
    text = said.name(last.text)
    return Note(title, text if len(text) <= _LONGEST else text[:_LONGEST] + "…", key)


def _about_presence(name: str, online: bool) -> Note:
    harmless = said.name(name)
    text = tr("{name} is online", name=harmless) if online else tr("{name} is offline", name=harmless)
    return Note(harmless, text, Key(Kind.PEER, name), passing=True)


def _about_many(online: list[bool]) -> Note:
    """Friends besides those who are named."""
    parts, come, gone = [], online.count(True), online.count(False)
    if come:
        parts.append(ntr("{count} more friend is online", "{count} more friends are online", come))
    if gone:
        parts.append(ntr("{count} more friend is offline", "{count} more friends are offline", gone))
    return Note(tr("Chat"), " · ".join(parts), passing=True)
