"""What a user can do: talk, know people, move files. The windows' thread.

Nothing here blocks: what takes time is done by threads, and told by a signal, or by a ``done(ok, text)`` that is called
later.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from PyQt5.QtCore import QObject, QTimer

from chatwire.codec import Object
from chatwire.names import typed
from chatwire.text import well_formed
from qtclient.bridge import Bridge
from qtclient.cache.incoming import names, since
from qtclient.cache.reader import Reader
from qtclient.model import words
from qtclient.model.dispatch import Dispatch
from qtclient.model.stage import Stage
from qtclient.net.account import Account
from qtclient.net.happened import Befriended, Later, Membership
from qtclient.records import NOT_STORED, Conversation, Key, Member, Message, Phase, TransferInfo

_TYPING = 3.0  # seconds between two notices that the user is writing

Done = Callable[[bool, str], None]
"""Told whether it was done, and if not, why, in the user's language."""


class Actions(Stage):
    """The part of `Session` that acts on its account."""

    def __init__(self, parent: QObject | None) -> None:
        super().__init__(parent)
        self._account: Account
        self._bridge: Bridge
        self._dispatch: Dispatch
        self._reader: Reader
        self._read_timer: QTimer
        self._typed: dict[Key, float] = {}
        self._drafts: dict[Key, str] = {}
        self._chosen: dict[Key, list[str]] = {}
        self._muted: dict[Key, bool] = {}
        self._to_read: set[Key] = set()

    # -- messages ------------------------------------------------------------------------

    def say(self, key: Key, text: str) -> str:
        """Send a message, now or as soon as there is a connection; returns its cid."""
        cid = secrets.token_hex(12)
        self._account.say(key, cid, well_formed(text))
        return cid

    def retry(self, message: Message) -> None:
        """Send a message, or a file, once more that was refused."""
        if message.file is None:
            self._account.retry(message)
            return
        for info in self.transfers():
            if info.file == message.file.file and info.phase is Phase.FAILED:
                self.retry_transfer(info.id)

    def discard(self, message: Message) -> None:
        """Remove a message that was refused."""
        self._account.discard(message)

    def mark_read(self, key: Key) -> None:
        """The user has seen all there is in a conversation."""
        self._to_read.add(key)
        if not self._read_timer.isActive():
            self._read_timer.start()

    def _known(self, key: Key) -> Conversation:
        """From memory where it is there: this is asked for every message that arrives."""
        return self.conversations.get(key) or self._reader.conversation(key)

    def _tell_read(self) -> None:
        keys, self._to_read = self._to_read, set()
        for key in keys:
            self._account.mark_read(key)
            if self._account.unwritten.blocked:
                self._read_uncached(key)

    def _read_uncached(self, key: Key) -> None:
        """Nothing can be kept: have it shown, and tell the server, all the same."""
        found = self._reader.any_before(key, NOT_STORED, 1) + self._account.unwritten.messages(key)
        mid = max((message.mid for message in found), default=0)
        self._dispatch.list_uncached(replace(self.conversation(key), unread=0, draft=self.draft(key)))
        if mid and self.online:
            self._account.tell_read(key, mid)

    def typing_now(self, key: Key) -> None:
        """The user is writing; may be called for every key."""
        now = time.monotonic()
        if self.online and now - self._typed.get(key, -_TYPING) >= _TYPING:
            self._typed[key] = now
            self._account.tell("typing", **key.field)

    def draft(self, key: Key) -> str:
        """What was being written."""
        return self._drafts[key] if key in self._drafts else self._known(key).draft

    def set_draft(self, key: Key, text: str) -> None:
        """Keep what is being written."""
        text = well_formed(text)
        if text != self.draft(key):
            self._drafts[key] = text
            self._account.set_draft(key, text)

    def chosen(self, key: Key) -> list[str]:
        """The files that were to be sent."""
        if key not in self._chosen:  # asked for whenever the user stops typing
            self._chosen[key] = self._reader.chosen(key)
        return self._chosen[key]

    def set_chosen(self, key: Key, paths: list[str]) -> None:
        """Keep which files are to be sent."""
        if paths != self.chosen(key):
            self._chosen[key] = paths
            self._account.set_chosen(key, paths)

    def muted(self, key: Key) -> bool:
        """Whether a conversation makes no notices."""
        return self._muted[key] if key in self._muted else self._known(key).muted

    def set_muted(self, key: Key, muted: bool) -> None:
        """Whether a conversation makes notices."""
        self._muted[key] = muted
        self._account.set_muted(key, muted)
        self.muted_changed.emit(key)

    # -- people --------------------------------------------------------------------------

    def add_friend(self, name: str, done: Done) -> None:
        """Become friends."""
        name = typed(name)
        self._ask("add", done, at_once=lambda reply: self._befriended(name, reply), friend=name)

    def remove_friend(self, name: str, done: Done) -> None:
        """End a friendship."""
        self._ask("remove_friend", done, at_once=lambda reply: self._unfriended(name), friend=name)

    def create_group(self, name: str, done: Done) -> None:
        """Make a group and be its owner."""
        name = typed(name)
        self._ask("create_group", done, at_once=lambda reply: self._joined(name, reply), group=name)

    def join_group(self, name: str, done: Done) -> None:
        """Join a group."""
        name = typed(name)
        self._ask("add_group", done, at_once=lambda reply: self._joined(name, reply), group=name)

    def leave_group(self, name: str, done: Done) -> None:
        """Leave a group."""
        self._ask("leave_group", done, at_once=lambda reply: self._in_group(name, False), group=name)

    def ask_members(self, group: str) -> None:
        """Have `members` told; nothing comes without a connection."""

        def tell(reply: Object) -> None:
            found = [
                Member(name, item.get("online") is True, "owner" if item.get("role") == "owner" else "member")
                for name, item in names(reply.get("members"), "user")
            ]
            self.members.emit(group, found)

        self._ask("get_group_member", lambda ok, text: None, tell, group=group)

    def change_password(self, old: str, new: str, done: Done) -> None:
        """Change the password; all other sessions end."""
        self._ask("change_password", done, password=old, new_password=new)

    def _befriended(self, asked: str, reply: Object) -> None:
        name = str(reply.get("friend") or asked)
        self._account.set_friend(name, True)
        self._bridge.post(Befriended(name, online=reply.get("online") is True))

    def _unfriended(self, name: str) -> None:
        self._account.set_friend(name, False)
        self._bridge.post(Befriended(name, gone=True))

    def _joined(self, asked: str, reply: Object) -> None:
        self._in_group(str(reply.get("group") or asked), True, since(reply))

    def _in_group(self, name: str, present: bool, since: int | None = None) -> None:
        self._account.set_group(name, present, since)
        self._bridge.post(Membership(name, self.user, present))

    # -- files ---------------------------------------------------------------------------

    def send_file(self, key: Key, path: str | Path) -> int:
        """Offer a file and upload it; returns the transfer's id, 0 if the server would not take it."""
        limit = self.limits.get("max_file", 0)
        try:
            size = Path(path).stat().st_size
        except (OSError, ValueError):
            size = 0  # the transfer will say what is wrong
        if limit and size > limit:
            self.notice.emit(words.too_large(Path(path).name, limit))
            return 0
        return self._account.transfers.send(key, Path(path))

    def download(self, message: Message, place: str | Path) -> int:
        """Fetch a file to a folder or to a path; no file that is there is replaced. Returns the transfer's id."""
        assert message.file is not None
        target = Path(place)
        if target.is_dir():
            target /= message.file.name
        return self._account.transfers.fetch(message, target)

    def decline(self, message: Message) -> None:
        """The user does not want a file."""
        assert message.file is not None
        file = message.file.file
        self._account.transfers.cancel_all_of(message)
        self._ask("decline_file", self._complain, lambda reply: self._account.declined(file), file=file)

    def cancel_file(self, message: Message) -> None:
        """Take back a file of ours, or stop downloading one."""
        assert message.file is not None
        if message.mine and message.mid:
            self._ask("cancel_file", self._complain, file=message.file.file)
        self._account.transfers.cancel_all_of(message)

    def transfers(self) -> list[TransferInfo]:
        """All files on their way, and those that have ended and are not cleared, in the order of their beginning."""
        return [words.transfer(info) for info in self._account.transfers.infos()]

    def arriving(self, file: str) -> str:
        """Where the bytes of a file are that is being downloaded; empty if it is not, or not any more."""
        return self._account.transfers.arriving(file)

    def pause_transfer(self, number: int) -> None:
        """Stop moving bytes."""
        self._account.transfers.pause(number)

    def resume_transfer(self, number: int) -> None:
        """Go on."""
        self._account.transfers.resume(number)

    def cancel_transfer(self, number: int) -> None:
        """End it; an upload is taken back."""
        self._account.transfers.cancel(number)

    def retry_transfer(self, number: int) -> None:
        """Try a failed one again."""
        self._account.transfers.retry(number)

    def clear_transfer(self, number: int) -> None:
        """Take one that is over from the list."""
        self._account.transfers.forget(number)

    # -- requests ------------------------------------------------------------------------

    def _ask(
        self, cmd: str, done: Done, then: Callable[[Object], None] | None = None,
        at_once: Callable[[Object], None] | None = None, **fields: Any,
    ) -> None:  # fmt: skip
        """Send a request; what ``then`` does about its success comes before ``done`` is told.

        ``at_once`` does so in the thread of the connection, where pushes are handled, too: what another session has
        undone since must not be overtaken by what this one has done before.
        """

        def came(reply: Object) -> None:
            if at_once is not None and reply.get("result") == "success":
                at_once(reply)
            self._later(partial(answered, reply))

        def answered(reply: Object) -> None:
            ok = reply.get("result") == "success"
            if ok and then is not None:
                then(reply)
            done(ok, "" if ok else words.reply(reply))

        if self.online:
            self._account.ask(cmd, came, **fields)
        else:
            self._later(partial(answered, {"result": "link_lost"}))

    def _later(self, job: Callable[[], None]) -> None:
        """Have something done in the windows' thread. Any thread."""
        self._bridge.post(Later(job))

    def _complain(self, ok: bool, text: str) -> None:
        if not ok:
            self.notice.emit(text)
