"""What stands under the name of a conversation: who is writing, else who is there. GUI thread only."""

from __future__ import annotations

import time
from dataclasses import replace

from PyQt5.QtCore import QObject, QTimer

from qtclient.i18n import ntr, tr
from qtclient.model.session import Session
from qtclient.records import Key, Kind, LinkState, Member, Message
from qtclient.widgets import said
from qtclient.widgets.header import Header
from qtclient.windows.bonds import is_bound

_TYPING = 6000  # ms that "is writing" stays without another sign


class SecondLine(QObject):
    """Keeps it true."""

    def __init__(self, session: Session, key: Key, header: Header, parent: QObject) -> None:
        super().__init__(parent)
        self._session, self._key, self._header = session, key, header
        self._members: list[Member] | None = None
        self._typists: dict[str, float] = {}
        self._online = False  # as it is shown
        self._typing_over = QTimer(self)
        self._typing_over.setSingleShot(True)
        self._typing_over.setInterval(_TYPING)
        self._typing_over.timeout.connect(self.say)
        session.link_changed.connect(self._link)
        session.members.connect(self._members_known)
        session.group_event.connect(self._membership)
        session.presence.connect(self._presence)
        session.friends_changed.connect(self._friends_changed)
        session.groups_changed.connect(self._groups_changed)
        session.typing.connect(self._somebody_types)
        session.message_arrived.connect(self._arrived)
        self._link(session.link)

    def say(self) -> None:
        """Who is writing; else whether they are there, or how many they are."""
        now = time.monotonic()
        self._typists = {who: when for who, when in self._typists.items() if now - when < _TYPING / 1000 - 0.1}
        online = self._session.conversation(self._key).online
        self._online = online
        self._header.set_online(online)
        if self._typists:
            self._header.set_second(self._writing(), busy=True)
        elif self._key.kind is Kind.GROUP:
            outside = self._session.online and not is_bound(self._session, self._key)
            self._header.set_second(tr("You are not in this group") if outside else _crowd(self._members))
        else:
            self._header.set_second(tr("online") if online else tr("offline"))

    def _link(self, state: LinkState) -> None:
        if not self._session.online:
            self._typists.clear()
        elif self._key.kind is Kind.GROUP:
            self._session.ask_members(self._key.name)
        self.say()

    def _is_group(self, group: str) -> bool:
        return self._key == Key(Kind.GROUP, group)

    def _members_known(self, group: str, members: list[Member]) -> None:
        if self._is_group(group):
            self._members = list(members)
            self.say()

    def _membership(self, group: str, user: str, joined: bool) -> None:
        if self._is_group(group) and self._session.online:
            self._session.ask_members(group)

    def _presence(self, name: str, online: bool) -> None:
        if self._key.kind is Kind.GROUP:
            self._come_or_gone(name, online)
        elif self._key.name == name:
            self.say()

    def _come_or_gone(self, name: str, online: bool) -> None:
        """One of the members, perhaps."""
        for number, member in enumerate(self._members or ()):
            if self._members and member.name == name and member.online is not online:
                self._members[number] = replace(member, online=online)
                self.say()

    def _friends_changed(self) -> None:
        """Who is no friend any more, or is one again, was not told as coming or going."""
        if self._key.kind is Kind.PEER and self._session.is_online(self._key.name) != self._online:
            self.say()

    def _groups_changed(self) -> None:
        if self._key.kind is Kind.GROUP:
            self.say()

    def _somebody_types(self, key: Key, who: str) -> None:
        if key == self._key:
            self._typists[who] = time.monotonic()
            self._typing_over.start()
            self.say()

    def _arrived(self, message: Message, live: bool) -> None:
        if message.key == self._key and self._typists.pop(message.sender, None) is not None:
            self.say()

    def _writing(self) -> str:
        names = [said.name(who) for who in self._typists]
        if self._key.kind is Kind.PEER:
            return tr("is writing…")
        if len(names) == 1:
            return tr("{name} is writing…", name=names[0])
        return tr("{count} people are writing…", count=len(names))


def _crowd(members: list[Member] | None) -> str:
    if members is None:
        return tr("Group")
    there = sum(member.online for member in members)
    count = ntr("{count} member", "{count} members", len(members))
    return count + " · " + tr("{count} online", count=there) if there else count
