"""One user at one server: the cache's thread, the connection's thread and the transfers' threads, put together."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from chatwire.client import Client
from chatwire.codec import Object
from chatwire.errors import Refused, UnknownFingerprint
from chatwire.events import Event, Fate, LinkDown, LinkUp, Push
from qtclient.cache import incoming
from qtclient.cache.changes import Changes
from qtclient.cache.ledger import Ledger
from qtclient.cache.place import Lock
from qtclient.cache.writer import Writer
from qtclient.net.asking import fetch_history, tell_read
from qtclient.net.chat import Chat, Start
from qtclient.net.clock import now_ms
from qtclient.net.happened import Ended, Notice, Post, Rebuilt, Restored, Roster
from qtclient.net.pushes import Pushes
from qtclient.net.read_by import ReadBy
from qtclient.net.restore import Restore
from qtclient.net.transfers import ANY_SIZE, Transfers
from qtclient.records import FileInfo, FileState, Key, Link, LinkState, Sent, ServerAddress

CACHE = "cache.db"
_MOST_FILES = 20  # whose state is asked for when the connection is back

Tell = Callable[[Object], None]


class Account:
    """`start`, `stop` and what is between them: the windows' thread. The rest: the thread that calls it."""

    def __init__(
        self,
        folder: Path,
        address: ServerAddress,
        user: str,
        post: Post,
        *,
        keep_token: Callable[[str], None],
    ) -> None:
        """Open the cache; nothing is connected. ``keep_token`` takes each new token, in the chat thread.

        Raises:
            AlreadyOpen: another process has it.
            TooNew, OSError, sqlite3.Error: the cache cannot be opened.
        """
        self.user = user
        self.address = address
        self.online = False
        self._post = post
        self._keep_token = keep_token
        self._token = ""
        self._adopted: Client | None = None
        self._lock = Lock(folder)
        try:
            self._writer = Writer(folder / CACHE, user, self)
        except BaseException:
            self._lock.release()
            raise
        self._chat = Chat(self._connect, user, self)
        self._restore = Restore(self._chat, self._writer, self._restored)
        self._read_by = ReadBy(self._chat, self._writer)
        self._pushes = Pushes(user, self._writer, post, self._committed)
        self.transfers = Transfers(address, self._chat, self._writer, post)

    def start(self, start: Start) -> None:
        """Begin; `Start.after` is replaced by what the cache knows unless a session comes with it."""
        self._token, self._adopted = start.token, start.client
        self._writer.start()
        self._chat.start()
        if self._writer.was_broken:
            self._post(Rebuilt())
        self._writer.do(partial(self._first, start))

    def stop(self, *, logout: bool = False) -> None:
        """End all threads; what was given is kept. Blocks for a moment."""
        self._restore.stop()
        self._read_by.stop()
        self._chat.stop(logout=logout)
        self.transfers.stop()
        self._writer.stop()
        if self._adopted is not None:
            self._adopted.close()  # if it all ended before anybody could take it
        self._lock.release()

    def abandon(self) -> None:
        """Give it up before `start`."""
        self._writer.stop()
        self._lock.release()

    # -- what the user does: the windows' thread -----------------------------------

    def say(self, key: Key, cid: str, text: str) -> None:
        """Keep a message, then send it, now or when there is a connection. Once, whatever happens in between."""

        def job(ledger: Ledger) -> None:
            sent = Sent.SENDING if self.online else Sent.WAITING
            ledger.write(key, cid, text, now_ms(), sent)
            ledger.after_commit(partial(self._chat.say, cid, key, text))

        self._writer.do(job)

    def retry(self, cid: str) -> None:
        """Send a refused message once more."""

        def job(ledger: Ledger) -> None:
            message = ledger.messages.again(cid, Sent.SENDING if self.online else Sent.WAITING)
            if message is not None and message.file is None:
                ledger.after_commit(partial(self._chat.say, cid, message.key, message.text))

        self._writer.do(job)

    def discard(self, cid: str) -> None:
        """Remove a message that was never stored."""
        self._writer.do(lambda ledger: ledger.messages.discard(cid))

    def mark_read(self, key: Key) -> None:
        """The user has seen all there is in a conversation."""

        def job(ledger: Ledger) -> None:
            mid = ledger.conversations.read_all(key)
            if mid:
                ledger.after_commit(partial(tell_read, self._chat, self._writer, key, mid))

        self._writer.do(job)

    def set_draft(self, key: Key, text: str) -> None:
        """Keep what is being written."""
        self._writer.do(lambda ledger: ledger.conversations.set_draft(key, text, now_ms()))

    def set_chosen(self, key: Key, paths: Sequence[str]) -> None:
        """Keep which files are to be sent."""
        self._writer.do(lambda ledger: ledger.conversations.set_chosen(key, paths, now_ms()))

    def set_muted(self, key: Key, muted: bool) -> None:
        """Whether a conversation makes notices."""
        self._writer.do(lambda ledger: ledger.conversations.set_muted(key, muted))

    def ask(self, cmd: str, done: Tell, **fields: Any) -> None:
        """Send a request; ``done`` gets the reply in the chat thread."""
        self._chat.ask(cmd, done, **fields)

    def tell(self, cmd: str, **fields: Any) -> None:
        """Send what needs no answer."""
        self._chat.tell(cmd, **fields)

    def history(self, key: Key, before: int, done: Callable[[bool], None]) -> None:
        """Fetch what is directly before a mid into the cache; ``done`` is told, in any thread, whether it is there."""
        fetch_history(self._chat, self._writer, key, before, done)

    def set_friend(self, name: str, present: bool) -> None:
        """The roster has changed by a request of ours."""
        self._writer.do(lambda ledger: ledger.set_friend(name, present))

    def set_group(self, name: str, present: bool, since: int | None = None) -> None:
        """A membership has changed by a request of ours; a new one begins above the mid ``since``."""
        self._writer.do(lambda ledger: ledger.set_group(name, present, since))

    def declined(self, file: str) -> None:
        """The user has said no to a file; the server tells only its sender."""
        said = FileInfo(file, "", 0, FileState.DECLINED)
        self._writer.do(lambda ledger: ledger.file_state(said))

    def try_now(self) -> None:
        """Connect now."""
        self._chat.try_now()

    def give_up_cache(self) -> None:
        """The cache has been found to be broken."""
        self._writer.give_up()

    # -- the connection: the chat thread -------------------------------------------

    def link(self, state: LinkState) -> None:
        """See `chat.Listener`."""
        online = state.link is Link.ONLINE
        if online != self.online:
            self.online = online
            self._writer.do(lambda ledger: ledger.messages.set_link(online))
        self._post(state)

    def happened(self, event: Event) -> None:
        """See `chat.Listener`."""
        if isinstance(event, Push):
            self._pushes.take(event.obj)
        elif isinstance(event, Fate):
            self._fate(event)
        elif isinstance(event, LinkUp):
            self._up(event.login)
        elif isinstance(event, LinkDown):
            self._restore.link_lost()
            self._read_by.stop()

    def ended(self, error: Exception) -> None:
        """See `chat.Listener`."""
        if isinstance(error, UnknownFingerprint):
            self._post(Ended("certificate", error.fingerprint))
        else:
            self._post(Ended(error.result if isinstance(error, Refused) else "internal"))

    def token(self, token: str) -> None:
        """See `chat.Listener`."""
        self._token = token
        self._keep_token(token)

    def _connect(self) -> Client:
        address = self.address
        return Client(address.host, address.port, tls=address.tls, fingerprint=address.fingerprint or None)

    def _up(self, login: Object) -> None:
        self._pushes.begin(incoming.mid(login))
        limits = login.get("limits")
        sizes = {str(k): v for k, v in limits.items() if type(v) is int and v > 0} if isinstance(limits, dict) else {}
        self.transfers.max_file = sizes.get("max_file", ANY_SIZE)
        friends = {name: item.get("online") is True for name, item in incoming.names(login.get("friends"), "user")}
        self._post(Roster(friends, [name for name, _ in incoming.names(login.get("groups"), "group")], sizes))

        def job(ledger: Ledger) -> None:
            if not ledger.welcome(login):
                ledger.after_commit(self._another_server)
                return
            ledger.after_commit(partial(self._welcomed, ledger.conversations.untold()))
            self._restore.begin(ledger)
            for file in ledger.messages.unfinished_files(_MOST_FILES):
                ledger.after_commit(partial(self._chat.ask, "get_file", partial(self._pushes.file, file), file=file))

        self._writer.do(job)
        self._read_by.begin()

    def _fate(self, fate: Fate) -> None:
        mid, ts = incoming.mid(fate.obj), incoming.timestamp(fate.obj)

        def job(ledger: Ledger) -> None:
            if fate.stored and mid:
                handed_over = fate.obj.get("cmd") == "private_chat_reply" and fate.result == "success"
                ledger.messages.stored(fate.cid, mid, ts, Sent.DELIVERED if handed_over else Sent.STORED)
                ledger.saw(mid)
            else:
                ledger.messages.refused(fate.cid, fate.result)

        self._writer.do(job)

    def _welcomed(self, untold: list[tuple[Key, int]]) -> None:
        for key, mid in untold:
            tell_read(self._chat, self._writer, key, mid)
        self.transfers.hurry()

    def _restored(self) -> None:
        """All that was ever said is here, so also what we have said, long ago. The writer's thread."""
        self._post(Restored())
        self._read_by.begin()

    def _another_server(self) -> None:
        """What is cached is about a server that was set up anew since; it would hide what this one says."""
        self._post(Notice("The server was set up anew. What was here before is set aside."))
        self._writer.give_up()

    def _committed(self, mid: int) -> None:
        """Everything that was pushed up to here is on the disk. The writer's thread."""
        if not self._restore.running:
            self._chat.acknowledged = mid

    # -- the cache: the writer's thread --------------------------------------------

    def changed(self, changes: Changes) -> None:
        """See `writer.Listener`."""
        self._post(changes)

    def rebuilt(self) -> None:
        """See `writer.Listener`."""
        self._post(Rebuilt())
        self._writer.do(partial(self._first, Start(-1, self._token)))

    def stuck(self, problem: str) -> None:
        """See `writer.Listener`."""
        if problem:
            text = "Nothing can be written to the disk ({problem}); it is tried again. The server keeps what arrives."
            self._post(Notice(text, {"problem": problem}, urgent=True))
        else:
            self._post(Notice("There is room on the disk again; everything is kept."))

    def _first(self, start: Start, ledger: Ledger) -> None:
        """Log in with what is known, and send what was never sent."""
        seen = ledger.seen if ledger.begun else -1
        ledger.messages.set_link(False)
        known = start if start.client is not None else Start(seen, start.token)
        ledger.after_commit(partial(self._chat.begin, known))
        for message in ledger.messages.pending():
            ledger.after_commit(partial(self._chat.say, message.cid, message.key, message.text))
        self.transfers.load(ledger)
