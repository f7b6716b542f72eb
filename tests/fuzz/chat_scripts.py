"""Attackers of the chat port that know the language: requests from the table of commands, whole and mutilated."""

from __future__ import annotations

import json
import random
from typing import Any

from chatwire.commands import COMMANDS, Command
from tests.fuzz.script import Step, torn
from tests.fuzz.values import STRINGS, Cast, bad, good


def steps(rng: random.Random, cast: Cast) -> tuple[Step, ...]:
    """A conversation: mostly with a session, which takes a password; the rest in any order."""
    legacy = rng.random() < 0.2
    beginning = [_spoken(rng, obj, legacy, answered=True) for obj in _entrance(rng, cast)]
    requests = [_spoken(rng, _request(rng, cast), legacy, rng.random() < 0.3) for _ in range(rng.randint(1, 12))]
    return (*beginning, *torn(rng, requests))


def _entrance(rng: random.Random, cast: Cast) -> list[dict[str, Any]]:
    """Register and log in, or leave something of it out, or do it twice."""
    both = [{"cmd": cmd, "user": cast.me, "password": "p"} for cmd in ("register", "login")]
    return rng.choice((both, both, both, both * 2, both[::-1], both[:1], []))


def _request(rng: random.Random, cast: Cast) -> dict[str, Any]:
    command = rng.choice(list(COMMANDS.values()))
    obj = {"cmd": command.name, **_fields(rng, command, cast)}
    if rng.random() < 0.7:
        obj["id"] = rng.choice((rng.randrange(100), "an id", bad(rng)))
    for _ in range(rng.choice((0, 0, 0, 1, 1, 3))):
        _mutate(rng, obj)
    return obj


def _fields(rng: random.Random, command: Command, cast: Cast) -> dict[str, Any]:
    """All that are needed, and some that may be missing; of two that exclude each other mostly one."""
    left_out = rng.choice(command.one_of) if command.one_of and rng.random() < 0.9 else None
    return {
        spec.name: cast.me if spec.own else good(rng, spec.check, spec.name, cast)
        for spec in command.fields
        if spec.name != left_out and (spec.required or spec.name in (command.one_of or ()) or rng.random() < 0.5)
    }


def _mutate(rng: random.Random, obj: dict[str, Any]) -> None:
    name = rng.choice(list(obj)) if obj else "cmd"
    match rng.randrange(5):
        case 0:
            obj.pop(name, None)
        case 1:
            obj[rng.choice(STRINGS)] = bad(rng)
        case 2:
            obj[name] = [obj.get(name)]
        case _:
            obj[name] = bad(rng)


def _spoken(rng: random.Random, obj: dict[str, Any], legacy: bool, answered: bool) -> Step:
    """As JSON, in one of the ways in which it may be written, or nearly."""
    text = json.dumps(obj, indent=4 if legacy or rng.random() < 0.05 else None, ensure_ascii=rng.random() < 0.5)
    data = text.encode(errors="surrogatepass")
    if rng.random() < 0.1:
        data = _broken(rng, data)
    return Step(data + rng.choice((b"\n", b"\n", b"\n", b"\r\n", b" \t\n\n", b"" if legacy else b"\n")), answered)


def _broken(rng: random.Random, data: bytes) -> bytes:
    """What is no JSON object any more, or one that only some parsers take."""
    return rng.choice(
        (
            data[: rng.randint(1, len(data))],
            data[:-1] + b', "cmd": "ping"}',
            b"[" + data + b"]",
            b'{"a":' * rng.choice((10, 1000, 9000)) + data,
            b"\xef\xbb\xbf" + data,
            data + data,
            data.replace(b'"', b"'"),
            data.replace(b": ", b":" + b" " * rng.choice((10, 70_000)), 1),
            b"{" + b" " * rng.choice((10, 70_000)) + data[1:],
            b"\0" + data,
        )
    )
