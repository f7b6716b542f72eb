"""/register, /login, /password, /help, /quit."""

from __future__ import annotations

import asyncio

from chatwire.names import typed
from chatwire.terminal.chat import Chat, Usage, encoding
from chatwire.terminal.commands import COMMANDS, command, find
from chatwire.terminal.render import note
from chatwire.text import is_well_formed


@command("/register NAME", "make an account and log in", asks=True, login=False)
async def register(chat: Chat, argument: str) -> None:
    """Ask for a new password twice, where somebody types it."""
    if not chat.may_give_up("/register"):
        return
    name = await _name(chat, argument)
    password = await _new_password(chat)
    await asyncio.wrap_future(chat.network.register(name, password))
    chat.show(note(f"the account {name} is made"))
    await chat.login(name, password)


@command("/login NAME", "log in", asks=True, login=False)
async def login(chat: Chat, argument: str) -> None:
    """Ask for the password."""
    if not chat.may_give_up("/login"):
        return
    name = await _name(chat, argument)
    await chat.login(name, await _secret(chat, f"Password of {name}: "))


@command("/password", "change your password", asks=True)
async def password(chat: Chat, argument: str) -> None:
    """Ask for the old one and the new one."""
    old = await _secret(chat, "Password now: ")
    await chat.request("change_password", password=old, new_password=await _new_password(chat))
    chat.show(note("the password is changed; all your other sessions have ended"))


@command("/help [COMMAND]", "what there is", completes="command", login=False)
async def help_(chat: Chat, argument: str) -> None:
    """One line for each command."""
    chosen = [find(argument.lstrip("/"))] if argument else list(COMMANDS.values())
    for entry in chosen:
        chat.show([("class:name", f"  {entry.usage:<18}"), ("class:note", entry.help)])
    if not argument:
        chat.show(note("everything else that you type is said in the open conversation; // begins it with a slash"))


@command("/quit", "leave; so does Ctrl-D", login=False)
async def quit_(chat: Chat, argument: str) -> None:
    """Leave, unless messages wait to be sent and nobody has said it twice."""
    chat.leave()


async def _name(chat: Chat, argument: str) -> str:
    name = typed(chat.readable(argument or await chat.screen.read_answer("Name: ") or ""))
    if not name:
        raise Usage("no name, so nothing is done")
    return name


async def _new_password(chat: Chat) -> str:
    first = await _secret(chat, "New password: ")
    if chat.screen.typed and await _secret(chat, "Once more: ") != first:
        raise Usage("these were two different passwords, so nothing is done")
    return first


async def _secret(chat: Chat, label: str) -> str:
    secret = await chat.screen.read_hidden(label)
    if not secret:
        raise Usage("no password, so nothing is done")
    if not is_well_formed(secret):
        raise Usage(f"the bytes of this password are no {encoding()}, so nothing is done")
    return secret
