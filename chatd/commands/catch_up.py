"""Send a new session what its user missed, page by page, and then let it go live without a gap or a repeat."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from functools import partial
from typing import NamedTuple

from chatbase.engine import DatabaseUnavailable
from chatd.commands import offers
from chatd.commands.peer import Peer
from chatd.delivery import push_here
from chatd.executor import ExecutorFull
from chatd.net.connection import Pause
from chatd.net.loop import LoopStopped
from chatd.registry.nodes import Session
from chatd.store import messages
from chatd.store.messages import OFFER
from chatwire.codec import Object, encode

log = logging.getLogger("chatd.session")

PAGE = 200  # messages
RETRY_DELAY = 1.0  # seconds, when the database is away


class Page(NamedTuple):
    """Encoded messages, and whether more follow.

    ``last`` is the mid up to which the page is complete: its last message's, or the newest one's that was stored when
    it was read. What is held of a batch that was stored then has been shown as far as it is to be shown.
    """

    lines: list[bytes]
    last: int
    more: bool


class CatchUp:
    """Lives from login until its session is live. Every method: the session's loop, except `_fetch` and `_read_page`
    (a work thread).

    Live messages are held back meanwhile (`delivery.push_here`). A page is read after the session was registered, so
    whatever it does not show will be held: when a page says that nothing follows, the held messages above the last one
    sent are exactly the rest. When too much is held, it is dropped and read from the database instead.

    The connection's requests wait, so that their replies cannot overtake missed messages.

    With ``own``, what the user has sent from elsewhere is among what was missed: a client that named a place to go on
    from has to get all that is above it. One that did not gets what others sent it.
    """

    __slots__ = ("_after", "_own", "_peer", "_session")

    def __init__(self, peer: Peer, session: Session, after: int, *, own: bool) -> None:
        self._peer = peer
        self._session = session
        self._after = after
        self._own = own

    def start(self, *, needed: bool, page: Page | None) -> None:
        """Begin; with ``needed`` false nothing can have been missed. A first page may have been read already."""
        if not needed:
            self._go_live()
            return
        self._peer.connection.pause(Pause.CATCH_UP)
        if page is not None:
            self._arrived(page)
        else:
            self._next_page()

    def _next_page(self) -> None:
        if self._peer.connection.closed:
            return
        try:
            self._peer.services.work.submit(self._peer.payer(), self._fetch)
        except ExecutorFull:
            self._retry_later()

    def _fetch(self) -> None:
        user = self._session.user.name
        then: Callable[[], None]
        try:
            then = partial(self._arrived, self._read_page())
        except DatabaseUnavailable as error:
            log.warning("cannot read missed messages: user=%r error=%s", user, error)
            then = self._retry_later
        except Exception:
            log.exception("unexpected error in the catch-up: user=%r", user)
            then = self._give_up
        try:
            self._peer.loop.post(then)
        except LoopStopped:
            return  # the server is stopping; the client will ask again

    def _read_page(self) -> Page:
        peer, user = self._peer, self._session.user
        peer.services.journal.make_readable()
        with peer.services.database.transaction() as tx:
            rows, more = messages.sync(tx, user.id, self._after, PAGE)
            last = rows[-1]["mid"] if more else messages.last_mid(tx)
        return make_page(peer, rows, user.id, user.name, last, own=self._own, more=more)

    def _arrived(self, page: Page) -> None:
        if self._peer.connection.closed:
            return
        try:
            self._go_on(page)
        except Exception:
            log.exception("unexpected error in the catch-up: user=%r", self._session.user.name)
            self._give_up()

    def _go_on(self, page: Page) -> None:
        self._send(page)
        more = page.more
        self._after = max(self._after, page.last)
        if self._session.overflowed:
            self._drop_held()
            more = True
        if not more:
            self._go_live()
            self._peer.connection.resume(Pause.CATCH_UP)
        elif self._peer.connection.pausing & Pause.OUTPUT:
            self._peer.when_drained = self._next_page
        else:
            self._next_page()

    def _send(self, page: Page) -> None:
        if page.lines:
            self._peer.send(b"".join(page.lines), page.last)

    def _drop_held(self) -> None:
        """Forget the messages among what is held: they are stored. Pushes without a mid are kept."""
        session = self._session
        session.held = [(mid, data) for mid, data in session.held or () if not mid]
        session.held_bytes = 0
        session.overflowed = False

    def _go_live(self) -> None:
        """A message that the last page showed may still be on its way from the journal: `caught_up` stops it."""
        session = self._session
        held, session.held, session.held_bytes = session.held or [], None, 0
        session.caught_up = self._after
        for mid, data in held:
            push_here(session, data, mid)

    def _give_up(self) -> None:
        """A defect costs this connection only. Its session ends first: what comes now must not pass what was missed."""
        peer = self._peer
        if not (peer.connection.closed or peer.leaving):
            peer.end_session()
            peer.say_goodbye("internal")

    def _retry_later(self) -> None:
        self._peer.loop.call_later(RETRY_DELAY, self._next_page)


def make_page(peer: Peer, rows: Sequence[Object], user_id: int, user: str, last: int, *, own: bool, more: bool) -> Page:
    """Encode messages for a user; with ``own``, those that the user has sent, too. Offers of files do not go to legacy
    clients in this form, nor does what they have had before.
    """
    shown = [row for row in rows if own or _sender(row) != user]
    if peer.legacy:
        had = peer.services.had_before.of(user_id)
        shown = [row for row in shown if row["cmd"] != OFFER and (own or not had.contains(row["mid"]))]
    return Page(list(map(encode, offers.shown(peer, shown))), last, more)


def _sender(message: Object) -> str:
    return str(message.get("user") or message.get("user_from") or message["from_user"])
