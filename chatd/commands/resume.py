"""resume: sessions by token, for all who come back at once."""

from __future__ import annotations

from collections.abc import Sequence

from chatd.commands import session_start
from chatd.commands.call import Call
from chatd.commands.proof import refuse_second_session, token_failed
from chatd.commands.services import Services
from chatd.commands.table import OnLoop, Outcome, Together, Where, handles
from chatd.store import users
from chatwire.codec import Object


@handles("resume", Where.LOOP)
def resume(call: Call) -> Outcome:
    """Begin a session with a token."""
    refuse_second_session(call)
    return Together(_resume_all)


def _resume_all(calls: Sequence[Call]) -> Sequence[Outcome]:
    services = calls[0].services
    outcomes = session_start.begin(services, [session_start.entrant(call, call.args["token"]) for call in calls])
    try:
        names = _existing(services, [call.args["user"] for call, o in zip(calls, outcomes, strict=True) if o is None])
    except BaseException:
        for outcome in outcomes:
            if isinstance(outcome, OnLoop):
                outcome.abandon()
        raise
    return [outcome or _refuse(call, names) for call, outcome in zip(calls, outcomes, strict=True)]


def _existing(services: Services, names: Sequence[str]) -> set[str]:
    if not names:
        return set()
    with services.database.transaction() as tx:
        return users.existing(tx, names)


def _refuse(call: Call, names: set[str]) -> Object:
    name = call.args["user"]
    token_failed(call, name)
    return call.reply("token_error" if name in names else "user_not_exist")
