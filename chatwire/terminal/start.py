"""From the command line to a running client: look at the server, settle the question of trust, and go."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
from collections.abc import Callable
from typing import Any

from chatwire.client import Client
from chatwire.codec import Object
from chatwire.errors import LinkError, Refused, TurnedAway, UnknownFingerprint
from chatwire.pins import Pins
from chatwire.terminal.app import App
from chatwire.terminal.chat import Chat
from chatwire.terminal.connector import Connector
from chatwire.terminal.render import note, problem

Connect = Callable[[], Client]


def start(address: tuple[str, int], *, user: str = "", plain: bool = False, fingerprint: str = "") -> int:
    """Run until the user leaves, and return the exit code."""
    interactive = sys.stdin.isatty() and sys.stdout.isatty() and os.environ.get("TERM") not in (None, "", "dumb")
    return asyncio.run(_run(address, user, plain, fingerprint, interactive))


async def _run(address: tuple[str, int], user: str, plain: bool, fingerprint: str, interactive: bool) -> int:
    connector = Connector(address, tls=not plain, fingerprint=fingerprint or None)
    app = App(connector, interactive=interactive)
    asyncio.get_running_loop().set_exception_handler(lambda loop, context: _report(app.chat, context))
    try:
        if await _reachable(app.chat, connector, settled=plain or bool(fingerprint)):
            return await app.run(user)
    except (LinkError, Refused) as error:
        app.chat.tell(error)
    except OSError as error:
        app.chat.show(problem(error))
    finally:
        await app.screen.close()
    return 1


async def _reachable(chat: Chat, connector: Connector, *, settled: bool) -> bool:
    """Look before anything is asked of the user. With ``settled`` there is no question of trust."""
    if not settled:
        return await settle_trust(chat, connector, Pins())
    with connector() as client:
        _expect_chat(client, chat.server)
    return True


def _expect_chat(client: Client, server: str) -> None:
    """Any answer will do, and so will a goodbye. Raises LinkError, or Refused with what the server says."""
    try:
        client.request("ping")
    except TurnedAway:
        raise
    except LinkError:
        goodbye = _last_word(client)
        if goodbye is not None:
            raise Refused(goodbye) from None
        raise LinkError(f"{server} is no chat server") from None


def _last_word(client: Client) -> Object | None:
    try:
        return next((obj for obj in client.pushes(0) if obj.get("cmd") == "error"), None)
    except LinkError:
        return None


def _report(chat: Chat, context: dict[str, Any]) -> None:
    """What nobody has caught. This must not fail itself: asyncio would only write a longer text."""
    with contextlib.suppress(Exception):
        error = context.get("exception")
        chat.tell(error if isinstance(error, Exception) else RuntimeError(context.get("message")))


async def settle_trust(chat: Chat, connector: Connector, pins: Pins) -> bool:
    """Whether the server may be trusted: it shows the certificate that is pinned, or the user says so now.

    Raises:
        LinkError: it cannot be reached.
        OSError: the pins cannot be read.
    """
    pinned = pins.get(chat.server)
    connector.fingerprint = pinned
    try:
        connector().close()
    except UnknownFingerprint as error:
        if pinned is not None or pins.vouched(chat.server):
            _warn(chat, pinned or "an authority vouched for it", error.fingerprint, pins)
            return False
        if not await _user_trusts(chat, error.fingerprint):
            return False
        connector.fingerprint = error.fingerprint
        _remember(chat, pins, error.fingerprint)
    else:
        if pinned is None:
            _remember_authority(chat, pins)
    return True


async def _user_trusts(chat: Chat, fingerprint: str) -> bool:
    chat.show(note(f"{chat.server} is not known here yet. The SHA-256 fingerprint of its certificate is"))
    chat.show([("class:name", f"  {fingerprint}")])
    chat.show(note("The server prints the same one when it starts, or whoever runs it can tell you."))
    answer = await chat.screen.read_answer("Is it the right one? (yes/no) ")
    if (answer or "").strip().lower() in ("y", "yes"):
        return True
    chat.show(problem("not trusted, so nothing was sent"))
    return False


def _remember(chat: Chat, pins: Pins, fingerprint: str) -> None:
    try:
        pins.set(chat.server, fingerprint)
    except OSError as error:
        chat.show(problem(f"cannot remember it in {pins.path}: {error.strerror or error}"))
    else:
        chat.show(note("trusted from now on; if it ever changes, you will be warned"))


def _remember_authority(chat: Chat, pins: Pins) -> None:
    try:
        pins.vouch(chat.server)
    except OSError as error:
        chat.show(problem(f"cannot remember it in {pins.path}: {error.strerror or error}"))


def _warn(chat: Chat, pinned: str, shown: str, pins: Pins) -> None:
    for text in (
        f"WARNING: {chat.server} shows another certificate than before. Nothing was sent.",
        f"before: {pinned}",
        f"now:    {shown}",
        "Either the server was set up anew, or somebody stands between it and you.",
        f"If you know that it is right, remove its line from {pins.path}",
    ):
        chat.show(problem(text))
