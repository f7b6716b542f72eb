"""What the server says by itself: into the cache, or on to the windows."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from chatwire.client import OFFER
from chatwire.codec import Object
from qtclient.cache import incoming
from qtclient.cache.ledger import Ledger
from qtclient.cache.writer import Writer
from qtclient.net.happened import Befriended, Membership, Notice, Post, Presence, TypingNow
from qtclient.net.unwritten import Unwritten
from qtclient.records import FileInfo, FileState, Key, Kind


class Pushes:
    """`begin`, `take`, `file`: the chat thread. What makes no sense is passed over."""

    def __init__(
        self, me: str, writer: Writer, unwritten: Unwritten, post: Post, committed: Callable[[int], None]
    ) -> None:
        """``committed`` is told, in the writer's thread, up to which mid everything is on the disk."""
        self._me = me
        self._writer = writer
        self._unwritten = unwritten
        self._post = post
        self._committed = committed
        self._missed = 0  # what was missed has mids up to this one
        self._handlers: dict[str, Callable[[Object], None]] = {
            "private_chat": self._message,
            "group_chat": self._message,
            OFFER: self._message,
            "file_state": self._file_state,
            "friend_login": partial(self._presence, True),
            "friend_offline": partial(self._presence, False),
            "add_friend_reply": self._befriended,
            "friend_removed": self._unfriended,
            "group_joined": partial(self._membership, True),
            "group_left": partial(self._membership, False),
            "read": self._read,
            "typing": self._typing,
        }

    def begin(self, newest: int) -> None:
        """A session has begun; what comes up to ``newest`` was missed."""
        self._missed = newest

    def take(self, obj: Object) -> None:
        """One push."""
        handler = self._handlers.get(str(obj.get("cmd")))
        if handler is not None:
            handler(obj)

    def file(self, file: str, obj: Object) -> None:
        """The answer to a question about a file, which is as good as a push about its state."""
        if obj.get("result") == "success":
            self._file_state({**obj, "file": file})
        elif obj.get("result") == "file_not_exist":
            self._file_state({"file": file, "state": FileState.EXPIRED.value})

    # -- messages --------------------------------------------------------------

    def _message(self, obj: Object) -> None:
        mid = incoming.mid(obj)
        live = mid > self._missed

        def job(ledger: Ledger) -> None:
            ledger.arrived(obj, live=live)
            ledger.after_commit(partial(self._arrived, mid, ledger.seen))

        self._unwritten.arrived(obj, live)
        self._writer.do(job)

    def _arrived(self, mid: int, seen: int) -> None:
        self._unwritten.arrived_written(mid)
        self._committed(seen)

    def _file_state(self, obj: Object) -> None:
        file, state = obj.get("file"), incoming.state(obj.get("state"))
        if not isinstance(file, str) or state is None:
            return
        said = FileInfo(
            file, "", 0, state, incoming.count(obj.get("offset")), incoming.sha256(obj), "", incoming.detail(obj)
        )
        if state is not FileState.DECLINED:  # in a group others may still want it
            self._unwritten.file_state(said)
        self._writer.do(partial(self._note_state, said, incoming.name(obj.get("user"))))

    def _note_state(self, said: FileInfo, user: str, ledger: Ledger) -> None:
        message = ledger.messages.by_file(said.file)
        if message is None or message.file is None:
            return
        if said.state is FileState.DECLINED and message.mine and message.key.kind is Kind.GROUP:
            values: dict[str, object] = {"user": user, "name": message.file.name}
            ledger.after_commit(partial(self._post, Notice("{user} does not want {name}", values)))
        else:
            ledger.messages.file_state(said.file, said)

    def _read(self, obj: Object) -> None:
        user, key, mid = incoming.name(obj.get("user")), incoming.conversation(obj), incoming.mid(obj)
        if not user or key is None or not mid:
            return
        if user == self._me:
            self._writer.do(lambda ledger: ledger.conversations.read_up_to(key, mid, told=True))
        elif key.kind is Kind.PEER:
            self._writer.do(lambda ledger: ledger.messages.read_by_peer(Key(Kind.PEER, user), mid))

    def _typing(self, obj: Object) -> None:
        user, key = incoming.name(obj.get("user")), incoming.conversation(obj)
        if user and key is not None and user != self._me:
            # `peer` is the one who is written to: us.
            self._post(TypingNow(key if key.kind is Kind.GROUP else Key(Kind.PEER, user), user))

    # -- people ----------------------------------------------------------------

    def _presence(self, online: bool, obj: Object) -> None:
        if name := incoming.name(obj.get("friend")):
            self._post(Presence(name, online))

    def _befriended(self, obj: Object) -> None:
        """With ``online`` another session of ours has done it; without, the other one has, and so is there."""
        if name := incoming.name(obj.get("result")):
            online = obj.get("online")
            self._writer.do(lambda ledger: ledger.set_friend(name, True))
            self._post(Befriended(name, online=online is not False, by_them=not isinstance(online, bool)))

    def _unfriended(self, obj: Object) -> None:
        if name := incoming.name(obj.get("friend")):
            self._writer.do(lambda ledger: ledger.set_friend(name, False))
            self._post(Befriended(name, gone=True, by_them=True))

    def _membership(self, joined: bool, obj: Object) -> None:
        group, user = incoming.name(obj.get("group")), incoming.name(obj.get("user"))
        if not group or not user:
            return
        if user == self._me:
            since = incoming.since(obj)
            self._writer.do(lambda ledger: ledger.set_group(group, joined, since))
        self._post(Membership(group, user, joined))
