"""From tokens to running sessions: read profiles, register, read what was missed, reply, catch up.

All of it is done for many users at once, since after a restart everybody comes back in the same second. The work
thread that begins sessions makes two transactions: the profiles are read before the sessions are registered, so that a
change in between can be noticed, and what was missed is read after it, so that nothing falls between.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from chatbase.engine import Transaction
from chatbase.insisting import write
from chatd.commands.call import Call, Refusal
from chatd.commands.catch_up import CatchUp, Page, make_page
from chatd.commands.services import Services
from chatd.commands.table import OnLoop
from chatd.commands.welcome import login_reply
from chatd.registry.nodes import Session, UserNode
from chatd.registry.registry import Arrival, Profile, StaleProfile
from chatd.store import friends, groups, messages, missed, users
from chatd.store.groups import Membership
from chatd.store.users import Account
from chatwire.codec import Object
from chatwire.fields import MAX_MID

FEW = 20  # missed messages that are read along with the rest; more are read page by page
FEW_TEXT = messages.PAGE_TEXT  # characters in them


@dataclass(frozen=True, eq=False)
class Entrant:
    """Somebody who shows a token; ``admitted`` when `check_rate` has been passed already."""

    call: Call
    admitted: bool
    name: str
    token: str
    token_hash: bytes


@dataclass(frozen=True, eq=False)
class Known:
    """What the database says of an entrant whose token is valid."""

    entrant: Entrant
    account: Account
    profile: Profile
    groups: list[Membership]


@dataclass(frozen=True, eq=False)
class Arrived:
    """An entrant with a registered session, who has everything up to ``after``."""

    known: Known
    arrival: Arrival
    after: int
    newest: int

    @property
    def wants_own(self) -> bool:
        """A client that names a place to go on from has to get all above it; another one what others have sent."""
        return "after" in self.known.entrant.call.args

    @property
    def missed(self) -> bool:
        """Whether there may be something to catch up with."""
        return 0 <= self.after < self.newest


def entrant(call: Call, token: str, *, admitted: bool = False) -> Entrant:
    """The user of a login or resume request, with a token."""
    return Entrant(call, admitted, call.args["user"], token, users.hash_token(token))


def check_rate(services: Services, account: Account) -> None:
    """Raise Refusal when the account begins sessions too often. Only for who has proven to be its user."""
    if services.settings.limits and (wait := services.session_starts.wait_ms(account.name)):
        raise Refusal("rate_limited", retry_after_ms=wait)


def token_lifetime(services: Services) -> int:
    """Seconds."""
    return services.settings.token_days * 86_400


def begin(services: Services, entrants: Sequence[Entrant]) -> list[OnLoop | Object | None]:
    """Begin sessions: an outcome for each entrant, None where the token is not valid (any more).

    The sessions are registered before they are answered: from here on nothing can be missed. What arrives for them is
    held back until the reply and the missed messages have gone out.
    """
    arrived: list[Arrived] = []
    outcomes: dict[Entrant, OnLoop | Object] = {}
    try:
        waiting = list(entrants)
        while waiting:
            waiting = _enter(services, waiting, arrived, outcomes)
        outcomes.update(_welcome(services, arrived))
    except BaseException:
        for one in arrived:
            services.leave(one.arrival.session)
        raise
    services.presence_changed()
    return [outcomes.get(one) for one in entrants]


def _enter(
    services: Services, entrants: Sequence[Entrant], arrived: list[Arrived], refused: dict[Entrant, OnLoop | Object]
) -> list[Entrant]:
    """Register those with a valid token; returns those whose profile has changed meanwhile, to be read again."""
    stale = []
    for known in _read_profiles(services, entrants):
        entrant = known.entrant
        try:
            if not entrant.admitted:
                check_rate(services, known.account)
            arrival = services.online.enter(known.profile, partial(_make_session, entrant))
        except Refusal as error:
            refused[entrant] = entrant.call.reply(error.result, **error.more)
        except StaleProfile:
            stale.append(entrant)
        else:
            services.failures.entered(known.account.name, entrant.call.peer.source)
            newest = services.journal.last_mid  # read after registering: everything above it will be delivered
            after = min(entrant.call.args.get("after", known.account.acked), newest)  # nobody has what is to come
            arrived.append(Arrived(known, arrival, after, newest))
    return stale


def _make_session(entrant: Entrant, user: UserNode) -> Session:
    return Session(user, entrant.call.peer, entrant.token_hash)


def _read_profiles(services: Services, entrants: Sequence[Entrant]) -> list[Known]:
    versions = services.online.versions()
    with services.database.transaction() as tx:
        found = users.by_token(tx, [one.token_hash for one in entrants], services.clock)
        accounts = {one: found[one.token_hash] for one in entrants if one.token_hash in found}
        accounts = {one: account for one, account in accounts.items() if account[0].name == one.name}
        ids = sorted({account.id for account, _ in accounts.values()})
        rosters, mine = friends.of(tx, ids), groups.of(tx, ids)
    _extend(services, [one.token_hash for one, (_, expires) in accounts.items() if _is_old(services, expires)])
    result = []
    for one, (account, _) in accounts.items():
        names = {group.name: group.id for group, _, _ in mine[account.id]}
        profile = Profile(account.id, account.name, rosters[account.id], names, versions.of(account.id))
        result.append(Known(one, account, profile, mine[account.id]))
    return result


def _is_old(services: Services, expires: int) -> bool:
    """Whether half of a token's life is over. Seldom, so a storm of resumes only reads."""
    return expires - services.clock.earliest() < token_lifetime(services) * 1000 // 2


def _extend(services: Services, token_hashes: Sequence[bytes]) -> None:
    def store(tx: Transaction) -> None:
        for token_hash in token_hashes:
            users.extend_token(tx, token_hash, services.clock, token_lifetime(services))

    if token_hashes:
        write(services.database, store)


def _welcome(services: Services, arrived: Sequence[Arrived]) -> dict[Entrant, OnLoop]:
    ids = sorted({one.known.account.id for one in arrived})
    services.journal.make_readable()
    with services.database.transaction() as tx:
        ends = missed.newest(tx, ids, min((one.after for one in arrived if one.missed), default=MAX_MID))
        unread = missed.unread(tx, ids, ends)
        pages = _first_pages(tx, [one for one in arrived if one.missed], ends)
        strangers = _strangers(tx, arrived, unread)
    outcomes = {}
    for one in arrived:
        known = one.known
        reply = login_reply(
            known.entrant.call, known.profile, known.groups, one.arrival.online_friends,
            unread.get(known.account.id, []), strangers, known.entrant.token, one.newest,
        )  # fmt: skip
        outcomes[known.entrant] = _outcome(services, one, reply, pages.get(one))
    return outcomes


def _first_pages(tx: Transaction, arrived: Sequence[Arrived], ends: missed.Newest) -> dict[Arrived, Page]:
    """What was missed by those who have missed little."""
    wanted = [missed.Wanted(n, a.known.account.id, a.after, a.wants_own) for n, a in enumerate(arrived)]
    found = {number: mids for number, mids in missed.few(tx, wanted, ends, FEW).items() if mids is not None}
    found = _short(tx, found, FEW_TEXT // arrived[0].known.entrant.call.services.settings.max_text if arrived else 0)
    texts = messages.by_mids(tx, sorted({mid for mids in found.values() for mid in mids}))
    last = messages.last_mid(tx)
    pages = {}
    for number, mids in found.items():
        one = arrived[number]
        rows, account = [texts[mid] for mid in mids], one.known.account
        pages[one] = make_page(
            one.known.entrant.call.peer, rows, account.id, account.name, last, own=one.wants_own, more=False
        )
    return pages


def _short(tx: Transaction, found: dict[int, list[int]], sure: int) -> dict[int, list[int]]:
    """Those that fit into a page; up to ``sure`` messages always do, which saves a query."""
    length = messages.sizes(tx, sorted({mid for mids in found.values() if len(mids) > sure for mid in mids}))
    return {n: mids for n, mids in found.items() if len(mids) <= sure or sum(map(length.__getitem__, mids)) <= FEW_TEXT}


def _strangers(tx: Transaction, arrived: Sequence[Arrived], unread: dict[int, list[missed.Unread]]) -> dict[int, str]:
    """The names of those who wrote and are no friends."""
    wanted = set()
    for one in arrived:
        user_id, known = one.known.account.id, set(one.known.profile.friends.values())
        others = {messages.other_party(c, user_id) for c, _, _ in unread.get(user_id, ()) if c > 0}
        wanted |= others - known
    return users.names(tx, sorted(wanted))


def _outcome(services: Services, one: Arrived, reply: Object, page: Page | None) -> OnLoop:
    session = one.arrival.session

    def finish(call: Call) -> Object | None:
        call.peer.start_session(session, reply)
        CatchUp(call.peer, session, one.after, own=one.wants_own).start(needed=one.missed, page=page)
        return None

    return OnLoop(finish, lambda: services.leave(session))
