"""Lines about files: offers, how far they are, what they have become."""

from __future__ import annotations

from chatwire.codec import Object
from chatwire.terminal.offers import Offer
from chatwire.terminal.render import Line, clock, title
from chatwire.terminal.safe import safe
from chatwire.terminal.transfers import Transfer

_BAR = 20  # characters
_NAME = 28  # characters of a name in a line of progress
_MOST_LINES = 4  # of progress
_UNITS = ("bytes", "kB", "MB", "GB", "TB", "PB")

STATES = {
    "waiting": "not sent yet",
    "uploading": "being sent",
    "complete": "complete",
    "declined": "declined",
    "cancelled": "withdrawn",
    "failed": "failed",
    "expired": "expired",
}


def size(count: float) -> str:
    """Bytes as people say it."""
    unit = 0
    while count >= 999.5 and unit < len(_UNITS) - 1:
        count, unit = count / 1000, unit + 1
    return f"{count:.0f} {_UNITS[unit]}" if unit == 0 or count >= 99.95 else f"{count:.1f} {_UNITS[unit]}"


def offer_line(offer: Offer, ts: object) -> Line:
    """An offer as it appears in the stream of lines."""
    line: Line = [("class:time", f"{clock(ts)} ")]
    if offer.conversation.is_group:
        line.append(("class:group", f"{title(offer.conversation)} "))
    who = "you offer" if offer.mine else f"{safe(offer.sender)} offers"
    to = f" to {title(offer.conversation)}" if offer.mine and not offer.conversation.is_group else ""
    line += [("class:me" if offer.mine else "class:name", who), ("", f" {safe(offer.name)}, {size(offer.length)}{to}")]
    if not offer.alive:
        line.append(("class:mark", f"  ({STATES.get(offer.state, safe(offer.state))})"))
    elif not offer.mine:
        line.append(("class:note", f": /get {offer.number}"))
    return line


def listed(offer: Offer, running: list[Transfer]) -> Line:
    """An offer in the list of offers."""
    who = f"to {title(offer.conversation)}" if offer.mine else f"from {safe(offer.sender)}"
    if offer.conversation.is_group and not offer.mine:
        who += f" in {title(offer.conversation)}"
    text = f"  {safe(offer.name)}, {size(offer.length)}, {who}: {_state(offer, running)}"
    return [("class:name", f"{offer.number:>4}"), ("", text)]


def progress(transfers: list[Transfer]) -> list[Line]:
    """What is on its way, one line for each; the last one counts those for which there is no room."""
    shown = transfers if len(transfers) <= _MOST_LINES else transfers[: _MOST_LINES - 1]
    lines = [_progress(transfer) for transfer in shown]
    if len(shown) < len(transfers):
        lines.append([("class:note", f"  and {len(transfers) - len(shown)} more; /files lists them")])
    return lines


def too_large(reply: Object) -> str:
    """Why a file may not be sent."""
    limit, used = reply.get("limit"), reply.get("used")
    if not isinstance(limit, int):
        return "too large for this server"
    if reply.get("detail") == "quota" and isinstance(used, int):
        return f"your files may take {size(limit)} on this server, and {size(used)} are in use"
    return f"this server takes files of up to {size(limit)}"


def _state(offer: Offer, running: list[Transfer]) -> str:
    for transfer in running:
        return f"{'sending' if transfer.is_upload else 'coming'}, {_percent(transfer.done, transfer.size)}"
    if offer.place is not None:
        return f"in {safe(offer.place)}"
    said = STATES.get(offer.state, safe(offer.state))
    return f"{said}, {_percent(offer.offset, offer.length)}" if offer.state == "uploading" else said


def _progress(transfer: Transfer) -> Line:
    sign = "?" if transfer.offer is None else "↑" if transfer.is_upload else "↓"
    name = safe(transfer.name, _NAME)
    full = _BAR * transfer.done // transfer.size if transfer.size else _BAR
    line: Line = [("class:mark", f"{sign} "), ("", name), ("class:bar", f" {'█' * full}{'░' * (_BAR - full)} ")]
    return [*line, ("class:note", _details(transfer))]


def _details(transfer: Transfer) -> str:
    text = f"{_percent(transfer.done, transfer.size)} of {size(transfer.size)}"
    if transfer.offer is None:
        return f"reading, {text}"
    if transfer.waits:
        return f"{text}, waiting: {safe(transfer.waits)}"
    speed = transfer.speed
    if speed:
        left = round((transfer.size - transfer.done) / speed)
        text += f", {size(speed)}/s, {left // 60}:{left % 60:02} left"
    return text


def _percent(done: int, whole: int) -> str:
    return f"{100 * done // whole if whole else 100} %"
