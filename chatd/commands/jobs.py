"""Handlers at work in other threads: what they return or raise becomes an outcome."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence

from chatbase.engine import DatabaseUnavailable
from chatd.commands.call import Call, Refusal
from chatd.commands.table import OnLoop, Outcome
from chatwire.codec import Object

log = logging.getLogger("chatd.session")

Work = Callable[[Sequence[Call]], Sequence[Outcome]]
Finish = Callable[[Outcome], None]


def work_together(work: Work, waiting: Sequence[tuple[Call, Finish]]) -> None:
    """Serve several requests by one call; each is told its outcome. A work thread."""
    here = [(call, finish) for call, finish in waiting if not call.peer.connection.closed]
    if not here:
        return
    for (_, finish), outcome in zip(here, outcomes_of(work, [call for call, _ in here]), strict=True):
        finish(outcome)


def outcome_of(function: Callable[[Call], Outcome], call: Call) -> Outcome:
    """Run a handler. A work or login thread."""
    return outcomes_of(lambda calls: [function(call) for call in calls], [call])[0]


def outcomes_of(work: Work, calls: Sequence[Call]) -> Sequence[Outcome]:
    """Run a handler for several requests; what it raises is the outcome of all of them.

    A handler that writes insists on its transaction itself (`insisting.write`): run again as a whole, it would take
    from a limit again, and hash again.
    """
    try:
        return work(calls)
    except Refusal as error:
        return [call.reply(error.result, **error.more) for call in calls]
    except DatabaseUnavailable as error:
        log.log(error.level, "database: cmd=%s error=%s", calls[0].command.name, error)
        return [call.reply("busy") for call in calls]
    except Exception:
        log.exception("unexpected error: cmd=%s", calls[0].command.name)
        return [call.reply("internal") for call in calls]


def end_of(outcome: OnLoop, call: Call) -> Object | None:
    """Run the rest of a handler. The connection's loop."""
    try:
        return outcome.finish(call)
    except Refusal as error:
        return call.reply(error.result, **error.more)
    except Exception:
        log.exception("unexpected error: cmd=%s", call.command.name)
        return call.reply("internal")
