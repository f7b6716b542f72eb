"""What comes from a legacy connection: requests, and what they tell of what it has read."""

from __future__ import annotations

import re

from chatd.commands.call import Call
from chatd.commands.legacy import Pacer
from chatwire.codec import Object
from chatwire.commands import COMMANDS, reply
from chatwire.framing import Framer, SkippingFramer

PATIENCE = 10.0  # seconds that a login waits for its turn in place of being told to come again
_CMD = re.compile(rb'"cmd"\s*:\s*"([a-z_]+)"')  # Qt sorts the keys, so it stands in the first line


class LegacyFramer(SkippingFramer):
    """Takes the place of the connection's framer, with what that one holds."""

    __slots__ = ("_pacer",)

    def __init__(self, limit: int, pacer: Pacer, before: Framer) -> None:
        super().__init__(limit)
        self._pacer = pacer
        self.spread = before.spread
        self.feed(before.rest())

    def feed(self, data: bytes) -> None:
        """Add what arrived."""
        self._pacer.receipts.came()
        super().feed(data)

    def next(self) -> bytes | None:
        """The next request. Raises what `SkippingFramer` does."""
        frame = super().next()
        if frame is not None:
            self._pacer.request()
        return frame


def too_long_reply(beginning: bytes) -> Object | None:
    """The reply to a request that was skipped, as far as its beginning tells what it was."""
    found = _CMD.search(beginning)
    name = found[1].decode() if found else ""
    return reply(name, "bad_request") if name in COMMANDS else None


def turn_in(call: Call, outcome: object, waited: float) -> float:
    """Seconds after which a login or registration is to be tried again, since others at its address have used up what
    an address may; 0: it is as it is. Who has tried to guess this account's password does not wait, but is refused.
    """
    if not isinstance(outcome, dict) or outcome.get("result") != "rate_limited":
        return 0.0
    source, failures = call.peer.source, call.services.failures
    if call.command.name == "register":
        wait_ms = outcome["retry_after_ms"]
    elif call.command.name == "login":
        wait_ms = failures.address_wait_ms(source)
        if failures.wait_ms(call.args["user"], source, shared=call.peer.trusted) > wait_ms:
            return 0.0
    else:
        return 0.0
    return wait_ms / 1000 if waited + wait_ms / 1000 <= PATIENCE else 0.0
