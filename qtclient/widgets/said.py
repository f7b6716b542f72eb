"""Times, sizes and names as people say them, in the language of the user."""

from __future__ import annotations

from datetime import date, datetime

from chatwire.terminal.safe import safe, safe_lines
from qtclient.i18n import tr
from qtclient.records import Sent

_UNITS = ("kB", "MB", "GB", "TB", "PB")
_LONGEST_NAME = 255


def name(value: str) -> str:
    """A name from outside, harmless and on one line."""
    return safe(value, _LONGEST_NAME)


def text(value: str) -> str:
    """A text from outside, harmless, with its lines."""
    return "\n".join(safe_lines(value, "\t"))


def size(count: float) -> str:
    """Bytes."""
    if count < 999.5:
        return tr("{count} bytes", count=f"{max(0, count):.0f}")
    unit = -1
    while count >= 999.5 and unit < len(_UNITS) - 1:
        count, unit = count / 1000, unit + 1
    return f"{count:.1f} {_UNITS[unit]}" if count < 99.95 else f"{count:.0f} {_UNITS[unit]}"


def left(seconds: float) -> str:
    """A span that is still to pass."""
    whole = max(0, round(seconds))
    if whole < 60:
        return tr("{count} s left", count=whole)
    if whole < 3600:
        return tr("{minutes} min {seconds} s left", minutes=whole // 60, seconds=whole % 60)
    return tr("{hours} h {minutes} min left", hours=whole // 3600, minutes=whole % 3600 // 60)


def clock(ts: int) -> str:
    """The time of day of a message; ``ts`` in milliseconds since 1970."""
    moment = _moment(ts)
    return moment.strftime("%H:%M") if moment else ""


def day(ts: int, today: date | None = None) -> str:
    """The day, as a line between messages."""
    moment = _moment(ts)
    if moment is None:
        return ""
    ago = ((today or date.today()) - moment.date()).days
    if ago == 0:
        return tr("Today")
    if ago == 1:
        return tr("Yesterday")
    if 1 < ago < 7:
        return weekday(moment.weekday())
    return _date(moment.date(), today or date.today())


def brief(ts: int, today: date | None = None) -> str:
    """When something happened, in a list: the time of today, the weekday of this week, the date of before."""
    moment = _moment(ts)
    if moment is None or ts <= 0:
        return ""
    ago = ((today or date.today()) - moment.date()).days
    return clock(ts) if ago == 0 else day(ts, today) if 0 < ago < 7 else _short(moment.date(), today or date.today())


def day_number(ts: int) -> int:
    """A number for the local day, equal for all moments of it."""
    moment = _moment(ts)
    return moment.toordinal() if moment else 0


def full(ts: int) -> str:
    """Day and time, as a tip."""
    moment = _moment(ts)
    return tr("{date}, {time}", date=_date(moment.date(), None), time=moment.strftime("%H:%M:%S")) if moment else ""


def weekday(number: int) -> str:
    """Monday is 0."""
    names = (tr("Monday"), tr("Tuesday"), tr("Wednesday"), tr("Thursday"), tr("Friday"), tr("Saturday"), tr("Sunday"))
    return names[number]


def month(number: int) -> str:
    """January is 1."""
    names = (
        tr("January"), tr("February"), tr("March"), tr("April"), tr("May"), tr("June"),
        tr("July"), tr("August"), tr("September"), tr("October"), tr("November"), tr("December"),
    )  # fmt: skip
    return names[number - 1]


def state(sent: Sent) -> str:
    """What has become of an own message."""
    return {
        Sent.WAITING: tr("Waiting for the connection"),
        Sent.SENDING: tr("Sending"),
        Sent.STORED: tr("Sent"),
        Sent.DELIVERED: tr("Delivered"),
        Sent.READ: tr("Read"),
        Sent.FAILED: tr("Not sent"),
    }.get(sent, "")


def _date(then: date, today: date | None) -> str:
    if today is not None and then.year == today.year:
        return tr("{day} {month}", day=then.day, month=month(then.month), number=then.month)
    return tr("{day} {month} {year}", day=then.day, month=month(then.month), number=then.month, year=then.year)


def _short(then: date, today: date) -> str:
    short = month(then.month)[:3]
    if then.year == today.year:
        return tr("{day} {short}", day=then.day, short=short, number=then.month)
    return f"{then.year:04}-{then.month:02}-{then.day:02}"


def _moment(ts: int) -> datetime | None:
    try:
        return datetime.fromtimestamp(ts / 1000)
    except (OverflowError, ValueError, OSError):
        return None
