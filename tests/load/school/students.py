"""Students who come in the same minute, and do as they are told: who has to wait waits, and asks again."""

from __future__ import annotations

import asyncio
import ssl
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from chatwire.codec import decode, encode
from chatwire.tls import client_context
from chatwire.turn import pause_before, seconds_until_turn
from tests.load.targets.base import Address
from tests.load.wires.base import Person

CONNECTING = 200  # at a time: a machine's backlog is not what is measured


@dataclass
class Morning:
    """How it went. ``waited``: what those who were told to wait were told first, and how long it was (seconds)."""

    inside: int = 0
    seconds: float = 0.0
    refusals: int = 0
    waited: list[tuple[float, float]] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)


async def come(address: Address, people: Sequence[Person], cmd: str, ramp: float, morning: Morning) -> None:
    """All log in (``login``) or go on with their tokens (``resume``); they come within ``ramp`` seconds."""
    doors = asyncio.Semaphore(CONNECTING)
    began = time.monotonic()
    writers = await asyncio.gather(
        *(_student(address, one, cmd, n * ramp / len(people), doors, morning) for n, one in enumerate(people))
    )
    morning.seconds = time.monotonic() - began
    for writer in filter(None, writers):
        writer.close()


async def _student(
    address: Address, person: Person, cmd: str, delay: float, doors: asyncio.Semaphore, morning: Morning
) -> asyncio.StreamWriter | None:
    await asyncio.sleep(delay)
    secret = {"password": person.password} if cmd == "login" else {"token": person.secret}
    request = encode({"cmd": cmd, "user": person.name, "after": -1, **secret})
    try:
        async with doors:
            tls: Any = {"ssl": _context(), "server_hostname": address.host} if address.tls else {}
            reader, writer = await asyncio.open_connection(address.host, address.port, limit=2**20, **tls)
        await _log_in(reader, writer, request, morning)
    except (OSError, EOFError, ValueError) as error:
        morning.failures.append(f"{person.name}: {type(error).__name__}: {error}")
        return None
    morning.inside += 1
    return writer


@cache
def _context() -> ssl.SSLContext:
    return client_context(verify=False)


async def _log_in(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, request: bytes, morning: Morning) -> None:
    told, since = 0.0, time.monotonic()
    while True:
        writer.write(request)
        reply = decode(await reader.readuntil())
        if reply["result"] == "success":
            break
        wait = seconds_until_turn(reply)
        if wait is None:
            raise ValueError(str(reply))
        told = told or wait
        morning.refusals += 1
        await asyncio.sleep(pause_before(wait))
    if told:
        morning.waited.append((told, time.monotonic() - since))
