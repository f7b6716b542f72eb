"""sync, history: stored messages, in pages."""

from __future__ import annotations

from collections.abc import Sequence

from chatd.commands import offers
from chatd.commands.call import Call
from chatd.commands.conversation import look_up
from chatd.commands.table import Outcome, Where, handles
from chatd.store import messages
from chatwire.codec import Object, encode
from chatwire.fields import DEFAULT_PAGE, MAX_MID


@handles("sync", Where.WORK)
def sync(call: Call) -> Outcome:
    """Everything of mine above a mid."""
    limit = call.args.get("limit", DEFAULT_PAGE)
    call.services.journal.make_readable()
    with call.services.database.transaction() as tx:
        page, more = messages.sync(tx, call.session.user.id, call.args["after"], limit)
    kept = _fitting(call, offers.shown(call.peer, page))
    return call.reply("success", messages=kept, more=more or len(kept) < len(page))


@handles("history", Where.WORK)
def history(call: Call) -> Outcome:
    """One conversation, backwards."""
    limit = call.args.get("limit", DEFAULT_PAGE)
    call.services.journal.make_readable()
    with call.services.database.transaction() as tx:
        where = look_up(tx, call)
        page, more = messages.history(tx, where.number, call.args.get("before", MAX_MID), limit)
    kept = _fitting(call, offers.shown(call.peer, page[::-1]))[::-1]
    return call.reply("success", messages=kept, more=more or len(kept) < len(page))


def _fitting(call: Call, page: Sequence[Object]) -> list[Object]:
    """As many messages as fit into one object of the permitted size, but at least one."""
    room = call.services.settings.max_frame - 1024
    kept: list[Object] = []
    for message in page:
        room -= len(encode(message))
        if kept and room < 0:
            break
        kept.append(message)
    return kept
