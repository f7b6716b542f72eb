"""The command table's machinery: which function serves which command, and where it runs."""

from __future__ import annotations

import enum
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from chatd.commands.call import Call
from chatd.registry.nodes import Session
from chatd.store.records import ChatRecord
from chatwire.codec import Object
from chatwire.commands import COMMANDS, Command


class Where(enum.Enum):
    """The thread in which a handler runs."""

    LOOP = "loop"  # must not block: registries and the journal only
    WORK = "work"  # may use the database; the connection is not read meanwhile
    LOGIN = "login"  # may hash passwords besides


@dataclass(frozen=True)
class Later:
    """What a loop handler returns when it turns out to need the database: ``work`` runs there in its place."""

    work: Callable[[Call], Outcome]


@dataclass(frozen=True)
class OnLoop:
    """What a work handler returns when the end of it belongs to the loop: ``finish`` runs there, unless the connection
    has closed meanwhile; then ``abandon`` does.
    """

    finish: Callable[[Call], Object | None]
    abandon: Callable[[], None] = lambda: None


@dataclass(frozen=True)
class Together:
    """What a loop handler returns when the database is to be asked for many connections at once: ``work`` runs in a
    work thread with all requests that wait for it, and gives the outcome of each.
    """

    work: Callable[[Sequence[Call]], Sequence[Outcome]]


Outcome = Object | None | Later | OnLoop | Together
"""A reply, nothing (the reply comes from elsewhere, or there is none), or how to go on."""


Express = Callable[[Session, Object, str | int | None, int], ChatRecord | None]
"""A short way for requests of a session that are as they should be (see `express`). Gets the request, its id and the
size limit of texts.
"""


@dataclass(frozen=True)
class Handler:
    """A command with the function that serves it."""

    command: Command
    where: Where
    function: Callable[[Call], Outcome]
    express: Express | None


HANDLERS: dict[str, Handler] = {}


def handles(
    name: str, where: Where, express: Express | None = None
) -> Callable[[Callable[[Call], Outcome]], Callable[[Call], Outcome]]:
    """Decorate the function that serves the command of that name; ``express`` is asked before it."""

    def register(function: Callable[[Call], Outcome]) -> Callable[[Call], Outcome]:
        assert name not in HANDLERS, name
        HANDLERS[name] = Handler(COMMANDS[name], where, function, express)
        return function

    return register
