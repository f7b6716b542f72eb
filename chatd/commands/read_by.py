"""read_by: how far others have read what a user has written to them.

A `read` push tells it to who is there at that moment; this is for those who were not. Nobody learns more than the push
would have told: the conversations are those of the one who asks.
"""

from __future__ import annotations

from chatd.commands.call import Call
from chatd.commands.table import Outcome, Where, handles
from chatd.store import messages


@handles("read_by", Where.WORK)
def read_by(call: Call) -> Outcome:
    """Look the positions up; they are in their table as soon as they have been told to anybody."""
    with call.services.database.transaction() as tx:
        positions = messages.read_by(tx, call.session.user.id, call.args["peers"])
    return call.reply("success", read=[{"peer": name, "mid": mid} for name, mid in positions.items()])
