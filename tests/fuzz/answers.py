"""Whether what an attacker was answered is well-formed: every word of it is one that the protocol knows."""

from __future__ import annotations

import re

from chatwire.commands import COMMANDS, GENERIC_RESULTS, PUSHES, reply_name
from tests.fuzz.attacker import Attacker, objects
from tests.fuzz.script import Port

_REPLIES = {reply_name(command.name): command for command in COMMANDS.values()}
_REPLIES |= {command.success: command for command in COMMANDS.values() if command.success}
_PUSHED = {*PUSHES, *(push for command in COMMANDS.values() for push in command.pushes)}
_TLS_RECORD = re.compile(rb"[\x14-\x17]\x03[\x00-\x04]", re.DOTALL)
_STATUS = re.compile(r"HTTP/1\.1 ([1-5]\d\d) [\x20-\x7e]+")
_HEADER = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+: [\x21-\x7e]([\x20-\x7e]*[\x21-\x7e])?")
_EMPTY = (204, 304)
_PARTS = (200, 206)  # whose bodies may end early: the file was withdrawn, or we left


def fault(attacker: Attacker) -> str:
    """What is wrong with what it was answered; empty when nothing is."""
    if attacker.hangs:
        return "the daemon does not close a connection that has said that it will say no more"
    received = attacker.received
    if attacker.sent and b"".join(attacker.sent).lstrip()[:1] == b"\x16" and _TLS_RECORD.match(received):
        return ""  # TLS that we do not speak any further; what it says there, OpenSSL has written
    judge = _chat if attacker.script.port is Port.CHAT else _files
    return judge(received, attacker)


def _chat(received: bytes, attacker: Attacker) -> str:
    try:
        found, rest = objects(received)
    except ValueError:
        return "an answer that is no UTF-8"
    if rest and attacker.in_order and not attacker.script.spoil:
        return f"an object that is cut off: {rest[:100]!r}"
    return next((wrong for obj in found if (wrong := _object(obj))), "")


def _object(obj: object) -> str:
    if not isinstance(obj, dict) or not isinstance(cmd := obj.get("cmd"), str):
        return f"an answer without `cmd`: {obj!r}"
    if cmd in _PUSHED and (cmd not in _REPLIES or "id" not in obj):
        return ""
    command = _REPLIES.get(cmd)
    if command is None:
        return f"an answer that the protocol does not know: {cmd!r}"
    result = obj.get("result", "success")
    if result == "internal":
        return f"an unexpected error: {obj}"
    if result not in command.results and result not in GENERIC_RESULTS:
        return f"a result that the protocol does not know: {obj}"
    return ""


def _files(received: bytes, attacker: Attacker) -> str:
    """One answer behind the other. A HEAD has no body, and what follows tells which was one."""
    rest = received
    while rest:
        head, end, rest = rest.partition(b"\r\n\r\n")
        if not end:
            return f"a head that is cut off: {head[:100]!r}" if attacker.in_order else ""
        status, headers, wrong = _head(head)
        if wrong:
            return wrong
        length = int(headers.get("content-length", "0"))
        if status < 200 or status in _EMPTY or not rest or rest.startswith(b"HTTP/1.1 "):
            continue
        if len(rest) < length and attacker.in_order and status not in _PARTS:
            return f"a body that is cut off: {head!r}"
        rest = rest[length:]
    return ""


def _head(head: bytes) -> tuple[int, dict[str, str], str]:
    try:
        first, *lines = head.decode("ascii").split("\r\n")
    except ValueError:
        return 0, {}, f"a head that is no ASCII: {head!r}"
    found = _STATUS.fullmatch(first)
    if not found or not all(map(_HEADER.fullmatch, lines)):
        return 0, {}, f"a head that is none: {head!r}"
    status = int(found[1])
    if status == 500:
        return 0, {}, f"an unexpected error: {head!r}"
    pairs = [line.split(": ", 1) for line in lines]
    headers = {name.lower(): value for name, value in pairs}
    if len(headers) < len(pairs) or not headers.get("content-length", "0").isdecimal():
        return 0, {}, f"headers that contradict each other: {head!r}"
    if status >= 200 and status not in _EMPTY and "content-length" not in headers:
        return 0, {}, f"nobody can tell where this answer ends: {head!r}"
    return status, headers, ""
