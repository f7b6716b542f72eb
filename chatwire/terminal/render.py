"""From what the server says to lines for the screen. A line is a list of (style, text), and every text is harmless."""

from __future__ import annotations

import datetime
from collections.abc import Iterable

from chatwire.codec import Object
from chatwire.errors import Refused, TurnedAway
from chatwire.events import LINK_LOST
from chatwire.terminal.safe import safe, safe_lines
from chatwire.terminal.state import Conversation, State

Line = list[tuple[str, str]]

_INDENT = " " * 6
_SHORT = 40  # characters of a message that is only mentioned

# What OpenSSL says, in one version or another, when the server answers in plain text.
_NO_TLS = tuple(f"TLS failed: {why}" for why in ("wrong version number", "record layer failure", "http request"))

_WORDS = {
    "user_not_exist": "there is no such user",
    "password_error": "wrong password",
    "token_error": "the session has expired",
    "user_exists": "that name is taken",
    "bad_name": "that name cannot be used",
    "bad_password": "that password cannot be used",
    "already_friend": "you are friends already",
    "not_friend": "you are not friends",
    "group_exist": "there is such a group already",
    "group_not_exist": "there is no such group",
    "user_in_group": "you are a member already",
    "not_in_group": "you are not in that group",
    "not_logged_in": "log in first",
    "rate_limited": "too fast; try again in a moment",
    "busy": "the server is busy; try again",
    "internal": "the server has a problem of its own",
    "forbidden": "that is not allowed",
    "unknown_cmd": "this server cannot do that",
    LINK_LOST: "there is no connection now; try again when it is back",
    "shutdown": "the server is shutting down",
    "tls_required": "the server wants TLS; leave out --plain",
    "too_many_connections": "the server has too many connections",
    "password_changed": "the password was changed elsewhere",
    "file_not_exist": "there is no such file, or it is not for you",
    "file_over": "it is too late for that",
    "not_sender": "only its sender can do that",
    "login_timeout": "nobody logged in for too long",
}


def note(text: object) -> Line:
    """Something that the program says."""
    return [("class:note", f"· {safe(text)}")]


def problem(text: object) -> Line:
    """Something that went wrong, in one line."""
    return [("class:problem", f"! {safe(text)}")]


def failure(error: Exception, server: str) -> Line:
    """What is wrong with the link, or with what was asked."""
    if str(error) in _NO_TLS:
        return problem(f"{server} does not speak TLS; is it the chat server?")
    return problem(reason(error.reply) if isinstance(error, TurnedAway) else error)


def reason(reply: Object) -> str:
    """A result word as people say it."""
    word = str(reply.get("reason") or reply.get("result"))
    detail = reply.get("detail")
    said = _WORDS.get(word)
    if said is None or word.startswith("bad_"):
        return ": ".join(str(part) for part in (said or word, detail) if part)
    return said


def refusal(error: Refused) -> Line:
    """Why the server did not do it."""
    return problem(reason(error.reply))


def message(obj: Object, state: State) -> Line:
    """One message as it appears in the stream of lines; further lines of its text are indented."""
    conversation = state.conversation_of(obj)
    sender = obj.get("user") if conversation.is_group else obj.get("user_from")
    return chat_line(clock(obj.get("ts")), conversation, str(sender), obj.get("text"), state.user)


def chat_line(time: str, conversation: Conversation, sender: str, text: object, me: str, mark: str = "") -> Line:
    """A message from its parts."""
    mine = sender == me
    line: Line = [("class:time", f"{time} ")]
    if conversation.is_group:
        line.append(("class:group", f"#{safe(conversation.name)} "))
    who = f"{safe(sender)} → {safe(conversation.name)}" if mine and not conversation.is_group else safe(sender)
    line += [("class:me" if mine else "class:name", who), ("", ": ")]
    line.append(("", f"\n{_INDENT}".join(safe_lines(text))))
    if mark:
        line.append(("class:mark", f"  ({mark})"))
    return line


def clock(ts: object = None) -> str:
    """A time of day, with the date when it is not today's. Without ``ts``, now."""
    now = datetime.datetime.now()
    if not isinstance(ts, int):
        return now.strftime("%H:%M")
    try:
        then = datetime.datetime.fromtimestamp(ts / 1000)
    except (ValueError, OverflowError, OSError):
        return "??:??"
    return then.strftime("%H:%M" if then.date() == now.date() else "%Y-%m-%d %H:%M")


def title(conversation: Conversation) -> str:
    """A conversation's name, marked when it is a group's."""
    return safe(f"#{conversation.name}" if conversation.is_group else conversation.name)


def short(text: str) -> str:
    """The beginning of a message, to mention it by."""
    return f"“{safe(text, _SHORT)}”"


def unread(counts: dict[Conversation, int]) -> Line:
    """What waits to be read."""
    each = (f"{title(c)} {n}{'+' if n >= 200 else ''}" for c, n in counts.items())
    return note("unread: " + ", ".join(each))


def presence(name: str, online: bool | None) -> Line:
    """A friend in the list of friends."""
    style, sign = {True: ("class:online", "●"), False: ("class:offline", "○")}.get(bool(online), ("", ""))
    if online is None:
        style, sign = "class:offline", "?"
    return [(style, f"  {sign} "), ("", safe(name)), ("class:offline", "" if online is None else _here(online))]


def member(obj: Object) -> Line:
    """A member in the list of members."""
    line = presence(str(obj.get("user")), bool(obj.get("online")))
    return [*line, ("class:note", "  (owner)")] if obj.get("role") == "owner" else line


def text_of(line: Line) -> str:
    """A line without its styles."""
    return "".join(text for _, text in line)


def joined(lines: Iterable[Line]) -> Line:
    """Several lines as one piece, which is shown at once."""
    result: Line = []
    for line in lines:
        result += [*([("", "\n")] if result else []), *line]
    return result


def _here(online: bool) -> str:
    return "  online" if online else "  offline"
