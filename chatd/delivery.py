"""From a committed batch to the loops: every message encoded once, one post per loop.

A connection gets its pushes and the replies to its own messages in one order, that of mid: a client that was cut off
may take the highest mid it has seen as a safe place to go on from.

The offer of a file holds URLs that begin differently for different receivers. It is encoded once like everything else,
with a raw NUL in place of that beginning, which JSON as we write it never contains: what users say cannot hold one. The
loop puts the rest in for each connection, in batches that are marked; a legacy connection is not shown such lines.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from operator import attrgetter

from chatd.net.loop import EventLoop, LoopStopped
from chatd.registry.nodes import Fanout, Session
from chatd.registry.registry import OnlineRegistry, by_loop
from chatd.store.records import ChatRecord
from chatwire.codec import Object, encode

NOTICES_LIMIT = 256 * 1024  # bytes of presence and other notices held for such a session
HOLD_LIMIT = 1024 * 1024  # bytes held for a session that is catching up; above it, the database is read again instead

MANY = 16  # sessions of a group in one loop: a send for each of them is most of what a message to it costs
HOLD = 0.002  # seconds that these sends wait for the next batch, if that is on its way to the disk already

BLOCK = 16 * 1024  # bytes of a batch; what a sender gets shares all blocks with others in which it has said nothing

Own = dict[Session, tuple[list[bytes], int]]
"""What a sender's session gets instead of the common bytes, and how many of its messages that answers."""

Words = dict[int, bytes]
"""The result for the messages of each user; `success` where nothing is said."""

Shown = frozenset[int]
"""The users whose offers a session of the other one gets now. A legacy one gets them later, or never."""

_SUCCESS, _OFFLINE = b',"result":"success"', b',"result":"offline"'
_DELIVERED = b',"delivered":true'  # of an offer, whose result is always success

BASE = b"\0"
"""Stands for what the URLs of files begin with."""


class Entry:
    """All messages of one conversation in a batch, for the sessions of one loop. ``offers``: some hold a `BASE`."""

    __slots__ = ("common", "mid", "offers", "own", "sessions")

    def __init__(
        self, sessions: tuple[Session, ...], common: bytes, mid: int, own: Own, *, offers: bool = False
    ) -> None:
        self.offers = offers
        self.sessions = sessions
        self.common = common
        self.mid = mid
        self.own = own


class _Block:
    """Some messages of one conversation in a batch: the push of each, empty for a duplicate, and all of them joined."""

    __slots__ = ("chats", "common", "ends", "pushes")

    def __init__(self, chats: list[ChatRecord]) -> None:
        self.chats = chats
        self.ends = [b',"mid":%d,"ts":%d}\n' % (chat.mid, chat.ts) for chat in chats]
        self.pushes = [b"" if c.duplicate else c.push_open + end for c, end in zip(chats, self.ends, strict=True)]
        self.common = b"".join(self.pushes)

    def own(self, session: Session, places: list[int], word: Words, shown: Shown) -> bytes:
        """The same messages as a sender sees them: a reply in place of each push of its own."""
        lines = self.pushes.copy()
        for place in places:
            chat = self.chats[place]
            if chat.offer is not None:
                lines[place] = _offer_reply(chat, session, handed_over=chat.sender in shown)
                continue
            lines[place] = chat.reply_open + word.get(chat.sender, _SUCCESS) + self.ends[place]
        return b"".join(lines)


class Delivery:
    """`deliver` and `fail`: the journal's thread. `push`: any thread."""

    def __init__(self, online: OnlineRegistry) -> None:
        self._online = online

    def deliver(self, batch: Sequence[ChatRecord], more: bool = False) -> None:
        """Hand a committed batch, sorted by conversation, to all loops concerned. ``more``: another one follows."""
        posts: dict[EventLoop, list[Entry]] = {}
        offers: list[ChatRecord] = []
        for _, group in groupby(batch, attrgetter("conversation")):
            chats = list(group)
            if _all_from_one(chats):
                self._from_one(chats, posts)
            else:
                offers += self._conversation(chats, posts)
        for loop, entries in _senders_last(posts) if offers else posts.items():
            _post(loop, entries, HOLD if more and any(len(entry.sessions) >= MANY for entry in entries) else 0.0)
        _tell_stored(offers)

    def fail(self, batch: Sequence[ChatRecord]) -> None:
        """Tell the senders of a batch that nothing was stored."""
        posts: dict[EventLoop, list[Entry]] = {}
        for chat in batch:
            opening = chat.offer.refusal_open if chat.offer else chat.reply_open
            own = {chat.origin: ([opening + b',"result":"busy"}\n'], 1)}
            posts.setdefault(chat.origin.loop, []).append(Entry((), b"", 0, own))
        for loop, entries in posts.items():
            _post(loop, entries)

    def push(self, sessions: Sequence[Session], obj: Object) -> None:
        """Send an object that is no message to sessions of any loops."""
        data = encode(obj)
        for loop, members in by_loop(sessions).items():
            _post(loop, [Entry(members, data, 0, {})])

    def _from_one(self, chats: list[ChatRecord], posts: dict[EventLoop, list[Entry]]) -> None:
        """Private messages of one session: `_conversation` in half the time, and most are so."""
        first = chats[0]
        _, theirs, both = self._both(first)
        word, pushes, replies = _SUCCESS if theirs else _OFFLINE, [], []
        for chat in chats:
            end = b',"mid":%d,"ts":%d}\n' % (chat.mid, chat.ts)
            replies.append(chat.reply_open + word + end)
            if not chat.duplicate:
                pushes.append(chat.push_open + end)
        common = b"".join(pushes)
        mid = first.mid if len(chats) == 1 else max([chat.mid for chat in chats])
        own: Own = {first.origin: ([b"".join(replies)], len(chats))}
        here, fanout = first.origin.loop, by_loop(both)
        posts.setdefault(here, []).append(Entry(fanout.pop(here, ()), common, mid, own))
        for loop, there in fanout.items():
            posts.setdefault(loop, []).append(Entry(there, common, mid, {}))

    def _conversation(self, chats: list[ChatRecord], posts: dict[EventLoop, list[Entry]]) -> list[ChatRecord]:
        """Returns the offers among them."""
        first = chats[0]
        if first.group is not None:
            word: Words = {}
            shown: Shown = frozenset()
            fanout = self._online.fanout(first.group)
        else:
            fanout, word, shown = self._private(first)
        blocks = [_Block(part) for part in _cut(chats)]
        common = b"".join([block.common for block in blocks])
        own_by_loop = _own(blocks, word, shown)
        mid = max(chat.mid for chat in chats)
        offers = [chat for chat in chats if chat.offer is not None]
        for loop in fanout.keys() | own_by_loop.keys():
            entry = Entry(fanout.get(loop, ()), common, mid, own_by_loop.get(loop, {}), offers=bool(offers))
            posts.setdefault(loop, []).append(entry)
        return offers

    def _private(self, chat: ChatRecord) -> tuple[Fanout, Words, Shown]:
        """The sessions of both users, and what a message, or an offer, of either is answered: is the other there?"""
        assert chat.recipient is not None
        ours, theirs, both = self._both(chat)
        word = {chat.recipient: _SUCCESS if ours else _OFFLINE, chat.sender: _SUCCESS if theirs else _OFFLINE}
        sides = (chat.recipient, ours), (chat.sender, theirs)
        shown = frozenset(user for user, others in sides if any(not one.peer.legacy for one in others))
        return by_loop(both), word, shown

    def _both(self, chat: ChatRecord) -> tuple[tuple[Session, ...], tuple[Session, ...], tuple[Session, ...]]:
        """The sessions of a private message's sender, of its recipient, and of both, who may be the same."""
        assert chat.recipient is not None
        ours, theirs = self._online.sessions_of_both(chat.sender, chat.recipient)
        return ours, theirs, ours + theirs if chat.recipient != chat.sender else ours


def _all_from_one(chats: list[ChatRecord]) -> bool:
    """Whether they are private messages of one session, with nothing special about them."""
    first = chats[0]
    if first.group is not None or first.offer is not None:
        return False
    if len(chats) == 1:
        return True
    origin = first.origin
    return all(chat.origin is origin and chat.offer is None for chat in chats)


def _offer_reply(chat: ChatRecord, session: Session, *, handed_over: bool) -> bytes:
    """What the sender of an offer is told when it is stored; a legacy one, when its port is open."""
    if session.peer.legacy:
        return b""
    end = b',"mid":%d,"ts":%d}\n' % (chat.mid, chat.ts)
    return chat.reply_open + _SUCCESS + (_DELIVERED if handed_over else b"") + end


def _senders_last(posts: dict[EventLoop, list[Entry]]) -> list[tuple[EventLoop, list[Entry]]]:
    """Who has offered a file may send it at once, and nobody shall hear how far it is before he hears of the file."""
    return sorted(posts.items(), key=lambda post: any(entry.offers and entry.own for entry in post[1]))


def _tell_stored(offers: Sequence[ChatRecord]) -> None:
    """Let those know who wait for an offer to be stored, once it is on its way, for the same reason."""
    for chat in offers:
        if chat.offer is not None and not chat.duplicate:
            chat.offer.stored(chat.offer.file_of(chat.mid, chat.ts))


def push_here(session: Session, data: bytes, mid: int) -> None:
    """Send to one session, or hold it back while that session catches up. The session's loop only."""
    held = session.held
    if held is None:
        if mid > session.caught_up or not mid:
            session.peer.send(data, mid)
        return
    if not mid:
        _hold_notice(session, data)
        return
    if session.held_bytes > HOLD_LIMIT:
        session.overflowed = True  # it is stored: the catch-up will read it
        return
    held.append((mid, data))
    session.held_bytes += len(data)


def _hold_notice(session: Session, data: bytes) -> None:
    """Hold what is stored nowhere; whoever catches up so slowly that it becomes too much has to come again."""
    assert session.held is not None
    session.held_notices += len(data)
    if session.held_notices > NOTICES_LIMIT:
        session.held = []
        session.peer.say_goodbye("too_slow")
        return
    session.held.append((0, data))


def _cut(chats: list[ChatRecord]) -> list[list[ChatRecord]]:
    """Into parts of about `BLOCK` bytes; a longer message is a part by itself."""
    parts: list[list[ChatRecord]] = [[]]
    size = 0
    for chat in chats:
        if size and size + chat.size > BLOCK:
            parts.append([])
            size = 0
        parts[-1].append(chat)
        size += chat.size
    return parts


def _own(blocks: list[_Block], word: Words, shown: Shown) -> dict[EventLoop, Own]:
    """What each sender gets. A copy of everything for each of many senders would be too much: blocks are shared."""
    common = [block.common for block in blocks]
    pieces: dict[Session, list[bytes]] = {}
    counts: dict[Session, int] = {}
    for number, block in enumerate(blocks):
        places: dict[Session, list[int]] = {}
        for place, chat in enumerate(block.chats):
            places.setdefault(chat.origin, []).append(place)
        for session, mine in places.items():
            if session not in pieces:
                pieces[session] = common.copy()
            pieces[session][number] = block.own(session, mine, word, shown)
            counts[session] = counts.get(session, 0) + len(mine)
    own_by_loop: dict[EventLoop, Own] = {}
    for session, count in counts.items():
        own_by_loop.setdefault(session.loop, {})[session] = [p for p in pieces[session] if p], count
    return own_by_loop


def _post(loop: EventLoop, entries: list[Entry], hold: float = 0.0) -> None:
    def job() -> None:
        _deliver_here(entries)
        loop.hold_output(hold)

    try:
        loop.post(job)
    except LoopStopped:
        return  # the server is stopping; everything is stored


def _deliver_here(entries: list[Entry]) -> None:
    """Queue everything: output leaves in the order in which it is queued, and those who listen come before those who
    speak. What they say next is then on its way while the rest is still being sent (docs/PERFORMANCE.md).
    """
    for entry in entries:
        own, common, mid = entry.own, entry.common, entry.mid
        if entry.offers:
            _deliver_offers(entry)
            continue
        for session in entry.sessions if common else ():
            if session in own:
                continue
            if mid and session.held is None and mid > session.caught_up:
                session.peer.send(common, mid)  # what `push_here` does, for all but those who catch up
            else:
                push_here(session, common, mid)
        for session, (pieces, answered) in own.items():
            session.peer.answered(pieces, answered, mid)


def _deliver_offers(entry: Entry) -> None:
    """The same where URLs have to be completed: for each connection its own bytes."""
    for session in entry.sessions:
        if session not in entry.own and (data := _completed(entry.common, session)):
            push_here(session, data, entry.mid)
    for session, (pieces, answered) in entry.own.items():
        session.peer.answered([data for p in pieces if (data := _completed(p, session))], answered, entry.mid)


def _completed(data: bytes, session: Session) -> bytes:
    if BASE not in data:
        return data
    if session.peer.legacy:
        return b"".join(line for line in data.splitlines(keepends=True) if BASE not in line)
    return data.replace(BASE, session.peer.files_base())
