"""What the client does about each event that the network thread posts. Main thread only."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from chatwire.client import OFFER
from chatwire.codec import Object
from chatwire.events import Fate, LinkDown, LinkUp, Push, Waiting
from chatwire.terminal.chat import Chat
from chatwire.terminal.follow_files import FileFollower
from chatwire.terminal.network import Begun, Ended, Failed, NotBegun, Posted
from chatwire.terminal.render import Line, note, problem, reason, short, title, unread
from chatwire.terminal.safe import safe
from chatwire.terminal.state import Conversation, conversation_in
from chatwire.terminal.transfers import Looked, Over, Report, Waits

_TYPING_SHOWN = 5.0  # seconds


class Follower:
    """Keeps the state of a `Chat` true, and shows what its user should know."""

    def __init__(self, chat: Chat) -> None:
        self._chat = chat
        self._files = FileFollower(chat)
        self._typing_timer: asyncio.TimerHandle | None = None
        self._pushes: dict[str, Callable[[Object], None]] = {
            "private_chat": self._message,
            "group_chat": self._message,
            OFFER: self._message,
            "file_state": self._files.state,
            "friend_login": lambda obj: self._presence(str(obj.get("friend")), True),
            "friend_offline": lambda obj: self._presence(str(obj.get("friend")), False),
            "add_friend_reply": self._befriended,
            "friend_removed": self._unfriended,
            "group_joined": self._joined,
            "group_left": self._left,
            "typing": self._typing,
            "goodbye": lambda obj: self._show(problem(f"{self._chat.server}: {reason(obj)}")),
            "error": self._misunderstood,
        }

    def follow(self, event: Posted | Report) -> None:
        """Take one event; one that is broken costs one line."""
        try:
            self._follow(event)
        except Exception as error:
            self._chat.tell(error)
        finally:
            if isinstance(event, LinkUp | LinkDown | Ended | NotBegun):
                self._chat.login_done()
            self._chat.moved.set()
            self._chat.screen.refresh()

    @property
    def busy(self) -> bool:
        """Whether the server is still to be told something."""
        return self._files.busy

    def prompt(self) -> Line:
        """What is on its way; then who the user is and where what is typed will be said."""
        state = self._chat.state
        if not state.user:
            return [("class:prompt", "> ")]
        line = self._files.lines()
        line += [("class:me" if state.connected else "class:mark", safe(state.user))]
        if state.open is not None:
            line.append(("class:group" if state.open.is_group else "class:name", f" → {title(state.open)}"))
        return [*line, ("class:prompt", "> ")]

    def status(self) -> Line:
        """At the right of the input: what the user should not forget."""
        state = self._chat.state
        parts = [f"{title(c)} {count}" for c, count in state.unread.items()]
        if state.user and not state.connected:
            waiting = f", {len(state.pending)} waiting" if state.pending else ""
            parts = [f"no connection{waiting}"]
        elif state.typing:
            parts = [f"{safe(state.typing)} is writing …"]
        return [("class:status", " · ".join(parts[:4]))]

    def _follow(self, event: Posted | Report) -> None:
        if isinstance(event, Push):
            handler = self._pushes.get(str(event.obj.get("cmd")))
            if handler is not None:
                handler(event.obj)
        elif isinstance(event, Fate):
            self._fate(event)
        elif isinstance(event, LinkUp):
            self._up(event)
        elif isinstance(event, LinkDown):
            self._down(event)
        elif isinstance(event, Waiting):
            self._show(note(f"many log in at the moment; your turn comes in about {max(1, round(event.seconds))} s"))
        elif isinstance(event, Begun):
            self._chat.begun(event.user)
        elif isinstance(event, NotBegun):
            self._chat.not_begun(event.error)
        elif isinstance(event, Ended):
            self._chat.ended(event.error)
        elif isinstance(event, Failed):
            self._chat.tell(event.error)
        elif isinstance(event, Looked | Waits | Over):
            self._files.report(event)

    # -- the link --------------------------------------------------------------

    def _up(self, event: LinkUp) -> None:
        state = self._chat.state
        state.begin(event.login)
        if state.welcomed:
            self._show(note("connected again"))
        else:
            here = sum(1 for online in state.friends.values() if online)
            self._show(note(f"logged in as {state.user}; friends here: {here} of {len(state.friends)}"))
            state.welcomed = True
            if state.unread:
                self._show(unread(state.unread))
        if state.open is not None:
            self._chat.mark_read(state.open)  # what was to be told about it went down with the old connection
        self._files.refresh()

    def _down(self, event: LinkDown) -> None:
        state = self._chat.state
        state.connected = False
        for pending in state.pending.values():
            pending.marked = True
        waiting = f"; messages waiting: {len(state.pending)}" if state.pending else ""
        self._show(problem(f"no connection ({event.reason}); trying again{waiting}"))

    def _fate(self, event: Fate) -> None:
        state = self._chat.state
        pending = state.pending.pop(event.cid, None)
        if pending is None:
            return
        where = title(pending.conversation)
        if not event.stored:
            self._chat.failed()
            self._show(problem(f"not sent to {where}: {reason(event.obj)}: {short(pending.text)}"))
            return
        if pending.marked:
            self._show(note(f"sent to {where}: {short(pending.text)}"))
        if event.result == "offline" and where not in state.told_absent:
            state.told_absent.add(where)
            self._show(note(f"{where} is not here now and gets it at the next login"))

    # -- pushes ----------------------------------------------------------------

    def _message(self, obj: Object) -> None:
        state = self._chat.state
        conversation = state.saw(obj)
        state.count(obj)
        if conversation == state.open:
            state.typing = ""
            self._chat.mark_read(conversation)
        self._show(self._chat.line_of(obj))

    def _presence(self, name: str, online: bool) -> None:
        state = self._chat.state
        state.friends[name] = online
        if online:
            state.told_absent.discard(name)
        self._show(note(f"{name} is {'here' if online else 'gone'}"))

    def _befriended(self, obj: Object) -> None:
        name, online = str(obj.get("result")), obj.get("online")
        self._chat.state.friends[name] = online is not False
        mine = isinstance(online, bool)  # told of what another session of ours has done
        self._show(note(f"{name} and you are friends now" if mine else f"{name} has made you a friend"))

    def _unfriended(self, obj: Object) -> None:
        name = str(obj.get("friend"))
        self._chat.state.friends.pop(name, None)
        self._show(note(f"{name} and you are friends no more"))

    def _joined(self, obj: Object) -> None:
        self._moved(obj, "joined")

    def _left(self, obj: Object) -> None:
        self._moved(obj, "left")

    def _moved(self, obj: Object, verb: str) -> None:
        state, name, user = self._chat.state, str(obj.get("group")), str(obj.get("user"))
        group = Conversation(name, is_group=True)
        if user == state.user:  # in another session of ours
            (state.groups.add if verb == "joined" else state.groups.discard)(name)
            if verb == "left" and state.open == group:
                self._chat.open(None)
        self._show(note(f"{'you have' if user == state.user else f'{user} has'} {verb} {title(group)}"))

    def _typing(self, obj: Object) -> None:
        """Shown at the prompt for a while, when it concerns the open conversation."""
        user = str(obj.get("user"))
        where = conversation_in(obj)
        if where is not None and not where.is_group:
            where = Conversation(user)  # `peer` is the one who is written to
        if where is None or where != self._chat.state.open:
            return
        self._chat.state.typing = user
        if self._typing_timer is not None:
            self._typing_timer.cancel()
        self._typing_timer = asyncio.get_running_loop().call_later(_TYPING_SHOWN, self._typing_over)

    def _typing_over(self) -> None:
        self._chat.state.typing = ""
        self._chat.screen.refresh()

    def _misunderstood(self, obj: Object) -> None:
        self._chat.failed()
        self._show(problem(f"the server did not understand: {reason(obj)}"))

    def _show(self, line: Line) -> None:
        self._chat.show(line)
