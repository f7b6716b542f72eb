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
from qtclient.cache.writer import Writer
from qtclient.net.asking import fetch_history, tell_read
from qtclient.net.chat import Chat, Start
from qtclient.net.clock import now_ms
from qtclient.net.happened import Ended, Notice, Post, Rebuilt, Restored, Roster, Unwritable
from qtclient.net.opening import Opened
from qtclient.net.problems import of_disk
from qtclient.net.pushes import Pushes
from qtclient.net.read_by import ReadBy
from qtclient.net.restore import Restore
from qtclient.net.transfers import ANY_SIZE, Transfers
from qtclient.net.unwritten import Unwritten
from qtclient.records import FileInfo, FileState, Key, Link, LinkState, Message, Sent, ServerAddress

_MOST_FILES = 20  # whose state is asked for when the connection is back

Tell = Callable[[Object], None]


class Account:
    """`start`, `stop` and what is between them: the windows' thread. The rest: the thread that calls it."""

    def __init__(
        self,
        place: Opened,
        address: ServerAddress,
        user: str,
        post: Post,
        *,
        keep_token: Callable[[str], None],
    ) -> None:
        """``place`` belongs to it from now on, but for the reader; nothing is connected. ``keep_token`` takes each new
        token, in the chat thread.
        """
        self.user = user
        self.address = address
        self.online = False
        self._post = post
        self._keep_token = keep_token
        self._token = ""
        self._adopted: Client | None = None
        self._place = place
        self._writer = Writer(place.path, user, self, (place.db, place.was_broken))
        self._chat = Chat(self._connect, user, self)
        self._restore = Restore(self._chat, self._writer, self._restored)
        self._read_by = ReadBy(self._chat, self._writer)
        self.unwritten = Unwritten(user, self._writer.last_row, self._chat.say, post)
        self._pushes = Pushes(user, self._writer, self.unwritten, post, self._committed)
        self.transfers = Transfers(address, self._chat, self._writer, self.unwritten, post, place.last_transfer)

    def start(self, start: Start) -> None:
        """Begin; `Start.after` is replaced by what the cache knows unless a session comes with it.

        Nothing of it waits for the disk, which may take nothing now.
        """
        self._token, self._adopted = start.token, start.client
        if self._writer.was_broken:
            self._post(Rebuilt())
        self._writer.do(self._take_up)
        self._writer.do(self._clean)
        self._writer.start()
        self._chat.start()
        self._chat.begin(start if start.client is not None else Start(self._place.after, start.token))
        for message in self._place.pending:
            self._chat.say(message.cid, message.key, message.text)

    def stop(self, *, logout: bool = False) -> None:
        """End all threads; what was given is kept. Blocks for a moment."""
        self._restore.stop()
        self._read_by.stop()
        self._chat.stop(logout=logout)
        self.transfers.stop()
        self._writer.stop()
        if self._adopted is not None:
            self._adopted.close()  # if it all ended before anybody could take it
        self._place.put_away()

    # -- what the user does: the windows' thread -----------------------------------

    def say(self, key: Key, cid: str, text: str) -> None:
        """Keep a message, then send it, now or when there is a connection. Once, whatever happens in between.

        What cannot be kept is sent all the same.
        """
        message = self.unwritten.add(key, cid, text, self._to_send())

        def job(ledger: Ledger) -> None:
            ledger.write(key, cid, text, message.ts, self._to_send(), row=message.row)
            ledger.after_commit(partial(self.unwritten.written, cid))

        self._writer.do(job)

    def retry(self, message: Message) -> None:
        """Send a refused message once more."""
        cid = message.cid
        self.unwritten.again(message, self._to_send())

        def job(ledger: Ledger) -> None:
            refused = ledger.messages.again(cid, self._to_send()) is not None
            ledger.after_commit(partial(self.unwritten.written if refused else self.unwritten.forget, cid))

        self._writer.do(job)

    def discard(self, message: Message) -> None:
        """Remove a message that was never stored."""
        self.unwritten.discard(message)
        self._writer.do(lambda ledger: ledger.messages.discard(message.cid))

    def when_kept(self, done: Callable[[bool], None]) -> None:
        """``done`` is told, in any thread, whether all that was done until now is on the disk."""
        if self.unwritten.ask(done):
            self._writer.do(lambda ledger: ledger.after_commit(partial(self.unwritten.answer, done)))

    def tell_read(self, key: Key, mid: int) -> None:
        """Tell the server, though it cannot be kept, how far the user has read."""
        tell_read(self._chat, self._writer, key, mid)

    def _to_send(self) -> Sent:
        return Sent.SENDING if self.online else Sent.WAITING

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

    @property
    def path(self) -> Path:
        """Where the cache is now."""
        return self._writer.path

    @property
    def generation(self) -> int:
        """Which cache there is now: they are counted."""
        return self._writer.generation

    def give_up_cache(self, generation: int) -> None:
        """A cache has been found to be broken, which may have been given up already."""
        self._writer.give_up(generation)

    # -- the connection: the chat thread -------------------------------------------

    def link(self, state: LinkState) -> None:
        """See `chat.Listener`."""
        online = state.link is Link.ONLINE
        if online != self.online:
            self.online = online
            self.unwritten.set_link(online)
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
                ledger.after_commit(partial(self._another_server, self._writer.generation))
                return
            ledger.after_commit(partial(self._welcomed, ledger.conversations.untold()))
            self._restore.begin(ledger)
            for file in ledger.messages.unfinished_files(_MOST_FILES):
                ledger.after_commit(partial(self._chat.ask, "get_file", partial(self._pushes.file, file), file=file))

        self._writer.do(job)
        self._read_by.begin()

    def _fate(self, fate: Fate) -> None:
        mid, ts = incoming.mid(fate.obj), incoming.timestamp(fate.obj)
        handed_over = fate.obj.get("cmd") == "private_chat_reply" and fate.result == "success"
        sent = Sent.DELIVERED if handed_over else Sent.STORED

        def job(ledger: Ledger) -> None:
            if fate.stored and mid:
                ledger.messages.stored(fate.cid, mid, ts, sent)
                ledger.saw(mid)
            else:
                ledger.messages.refused(fate.cid, fate.result)

        if fate.stored and mid:
            self.unwritten.change(fate.cid, sent=sent)
        else:
            self.unwritten.change(fate.cid, sent=Sent.FAILED, problem=fate.result)
        self._writer.do(job)

    def _welcomed(self, untold: list[tuple[Key, int]]) -> None:
        for key, mid in untold:
            tell_read(self._chat, self._writer, key, mid)
        self.transfers.hurry()

    def _restored(self) -> None:
        """All that was ever said is here, so also what we have said, long ago. The writer's thread."""
        self._post(Restored())
        self._read_by.begin()

    def _another_server(self, generation: int) -> None:
        """What is cached is about a server that was set up anew since; it would hide what this one says."""
        self._post(Notice("The server was set up anew. What was here before is set aside."))
        self._writer.give_up(generation)

    def _committed(self, mid: int) -> None:
        """Everything that was pushed up to here is on the disk. The writer's thread."""
        if not self._restore.running:
            self._chat.acknowledged = mid

    # -- the cache: the writer's thread --------------------------------------------

    def changed(self, changes: Changes) -> None:
        """See `writer.Listener`."""
        self._post(self.unwritten.news(changes))

    def rebuilt(self) -> None:
        """See `writer.Listener`."""
        self._post(Rebuilt())
        self._writer.do(self._begin_again)

    def stuck(self, problem: str) -> None:
        """See `writer.Listener`."""
        if problem:
            self.unwritten.block()
        else:
            self.unwritten.unblock()
        self._post(Unwritable(problem and of_disk(problem)))

    def _begin_again(self, ledger: Ledger) -> None:
        """There is a new cache: log in anew, and send what could be saved of the old one and was never sent."""
        self._take_up(ledger)
        ledger.after_commit(partial(self._chat.begin, Start(ledger.seen if ledger.begun else -1, self._token)))
        for message in ledger.messages.pending():
            ledger.after_commit(partial(self._chat.say, message.cid, message.key, message.text))

    def _clean(self, ledger: Ledger) -> None:
        """A cache that has lost something does not decide what nobody needs."""
        files = self._place.own_files
        if files is not None and not self._writer.was_broken and not self._writer.generation:
            files.clean(ledger)

    def _take_up(self, ledger: Ledger) -> None:
        """What was under way when the program ended."""
        ledger.messages.set_link(self.online)
        self.transfers.load(ledger)
