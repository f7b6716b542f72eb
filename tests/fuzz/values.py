"""Values for the fields of requests: good ones by the type that the table of commands names, and bad ones."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from chatwire import fields as f

STRINGS = (
    "", " ", "a", "a" * 33, "a" * 65, "a" * 257, "a" * 1025, "a|b", "\0", "a\nb", "\r\n", "\x1b[31m",
    "\u202eevil", "\u200b", "\ufeff", "e\u0301", "\U0001f469\u200d\U0001f4bb", "\U0001fa77", "\ud800", "\udfff\ud800",
    "\ufffe", "\U0010ffff", "..", "/", "a/../..", "C:\\con\\nul", "%s%n", "{0.__class__}", "' OR 1=1 --", "\\", '"',
    "null", "-1", "9" * 400, "\u0663", "<<file>>", "<<token>>", "\u5b57" * 6000, "x" * 16385, "x" * 66000,
)  # fmt: skip
NUMBERS = (
    -1, 0, 1, -0.0, 0.5, 500, 501, 65535, 65536, 2**31, 2**32, 2**53 - 1, 2**53, 2**63 - 1, 2**63, 2**64,
    -(2**63), 10**300, 1e308, float("inf"), float("nan"),
)  # fmt: skip
_DEEP: Any = []
for _ in range(300):
    _DEEP = [_DEEP]
OTHERS: tuple[Any, ...] = (None, True, False, [], {}, [[]], {"a": {}}, ["a"] * 101, [1], [None], {"cmd": "ping"}, _DEEP)


@dataclass(frozen=True)
class Cast:
    """Whose names an attacker knows."""

    me: str
    users: tuple[str, ...]
    groups: tuple[str, ...]


def bad(rng: random.Random) -> Any:
    """Anything that JSON can say, and a little more."""
    return rng.choice(rng.choice((STRINGS, NUMBERS, OTHERS)))


def good(rng: random.Random, check: f.Check, name: str, cast: Cast) -> Any:
    """A value that this field may have. Of a type that is not known here, any value."""
    if check in (f.name, f.string) and name not in ("group", "detail"):
        return rng.choice(cast.users)
    if check in (f.name, f.new_name, f.string):
        return rng.choice(cast.groups)
    make = _GOOD.get(check)
    return make(rng) if make else bad(rng)


def _text(rng: random.Random) -> str:
    return rng.choice(("hello", "\u4f60\u597d " * rng.randint(1, 40), "\U0001f600", "y" * rng.choice((1, 1000, 16384))))


_GOOD: dict[f.Check, Callable[[random.Random], Any]] = {
    f.password: lambda rng: "p",
    f.text: _text,
    f.cid: lambda rng: f"cid {rng.randrange(4)}",
    f.token: lambda rng: "<<token>>",
    f.mid: lambda rng: rng.choice((0, 1, 5, 2**53 - 1)),
    f.after: lambda rng: rng.choice((-1, 0, 1, 2**53 - 1)),
    f.limit: lambda rng: rng.choice((1, 3, 500, 10**6)),
    f.names: lambda rng: ["ann", "ben", "nobody"],
    f.filename: lambda rng: rng.choice(("a.txt", "/home/eve/\u56fe.png", "C:\\x\\y.doc")),
    f.length: lambda rng: rng.choice((0, 1, 1000, "1000", 2**40)),
    f.sha256: lambda rng: rng.choice(("ab", "AB")) * 32,
    f.file_id: lambda rng: rng.choice(("<<file>>", "A" * 22)),
    f.ticket: lambda rng: "eyJhbGciOiJub25lIn0.e30.",
    f.number: lambda rng: rng.choice((0, 1, 2**53 - 1)),
    f.port: lambda rng: rng.choice((0, 1, 65535)),
    f.report: lambda rng: rng.choice(f.REPORTS),
    f.role: lambda rng: rng.choice(f.ROLES),
}
