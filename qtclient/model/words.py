"""What went wrong, in the user's language."""

from __future__ import annotations

import re
from dataclasses import replace

from qtclient.cache.rows import one_line
from qtclient.i18n import tr
from qtclient.net.problems import unfold
from qtclient.records import Message, TransferInfo

_RESULTS: dict[str, str] = {
    "link_lost": "There is no connection to the server.",
    "not_logged_in": "There is no connection to the server.",
    "user_not_exist": "There is no user of that name.",
    "already_friend": "You are friends already.",
    "not_friend": "You are no friends.",
    "group_exist": "There is a group of that name already.",
    "group_not_exist": "There is no group of that name.",
    "user_in_group": "You are in that group already.",
    "not_in_group": "You are not in that group.",
    "password_error": "The password is wrong.",
    "token_error": "The login has expired. Log in again.",
    "password_changed": "The password was changed elsewhere. Log in again.",
    "certificate": "The server shows another certificate than before. Nothing was sent.",
    "rate_limited": "That was too often. Try again in a moment.",
    "limit_reached": "The server permits no more of them.",
    "busy": "The server is busy. Try again in a moment.",
    "internal": "The server has a problem of its own. Try again later.",
    "forbidden": "The server does not permit it.",
    "bad_request": "The server does not accept that.",
    "file_not_exist": "There is no such file any more.",
    "file_over": "It is too late for that: the file is gone, or complete.",
    "not_sender": "Only who has sent a file can take it back.",
    "too_large": "The server takes no file of this size.",
    "tls_required": "The server speaks only over TLS.",
    "too_many_connections": "The server has too many connections. Try again later.",
    "shutdown": "The server is being stopped.",
    "user_exists": "There is a user of that name already.",
    "bad_name": "That name is not possible: up to 32 characters, none of them invisible, and no space at the ends.",
    "bad_password": "That password is not possible.",
}
_NAMES = ("friend: must ", "group: must ", "user: must ")  # how a server begins what it says against one


def result(word: str) -> str:
    """What a result of the server means."""
    return tr(_RESULTS[word]) if word in _RESULTS else tr("The server says: {word}", word=word[:80])


def reply(obj: dict[str, object]) -> str:
    """What a refusal means, where it is to be told to the user."""
    reason = obj.get("reason")
    if isinstance(reason, str) and reason in _RESULTS:
        return tr(_RESULTS[reason])
    if obj.get("result") == "bad_request" and str(obj.get("detail")).startswith(_NAMES):
        return tr(_RESULTS["bad_name"])
    return result(str(obj.get("result")))


def problem(kept: str) -> str:
    """A line that was kept in the cache: a word of the server, or a sentence with values."""
    if kept.isidentifier() or not kept:
        return result(kept) if kept else ""
    text, values = unfold(kept)
    try:
        return tr(text, **values)
    except (KeyError, IndexError, ValueError):
        return text


def preview(message: Message) -> str:
    """What a list says about a message."""
    return one_line(message.file.name if message.file else message.text)


def told(message: Message) -> Message:
    """A message with its problem in words."""
    return replace(message, problem=problem(message.problem)) if message.problem else message


def transfer(info: TransferInfo) -> TransferInfo:
    """The same for a transfer."""
    return replace(info, problem=problem(info.problem)) if info.problem else info


def too_large(name: str, limit: int) -> str:
    """A file cannot be sent."""
    return tr(
        "{name} is too large: the server takes no file of more than {limit} bytes.", name=name, limit=f"{limit:,}"
    )


_LINKS: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"cannot connect to (?P<server>.+): (?P<why>[^:]+)"), "{server} cannot be reached ({why})"),
    (re.compile(r"the server closed the connection"), "the server has closed the connection"),
    (re.compile(r"the connection broke: (?P<why>.+)"), "the connection broke ({why})"),
    (re.compile(r"the server does not answer.*|no reply to .*|the server does not read"), "the server does not answer"),
    (re.compile(r"the server says (?P<word>\w+)"), "{word}"),
    (re.compile(r"TLS failed: (?P<why>.+)"), "no TLS with this server ({why})"),
    (re.compile(r"the server's certificate is not trusted.*"), "the server shows another certificate than before"),
    (re.compile(r"the server (?:says what makes no sense|sends more than .*)"), "the server says what makes no sense"),
)


def link(reason: str) -> str:
    """Why there is no connection."""
    for pattern, text in _LINKS:
        match = pattern.fullmatch(reason)
        if match is not None:
            word = match.groupdict().get("word")
            return result(word) if word else tr(text, **match.groupdict())
    return reason


def sentence(text: str) -> str:
    """A reason that stands by itself. What begins with an address keeps it as it is."""
    if text.partition(" ")[0].isalpha():
        text = text[0].upper() + text[1:]
    return text if text.endswith((".", "!", "?", "。")) else text + ("." if text[-1:].isascii() else "。")
