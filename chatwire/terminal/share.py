"""/send, /get, /files, /decline, /cancel."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Any

from chatwire.codec import Object
from chatwire.errors import Refused
from chatwire.home import expanded, home
from chatwire.names import typed
from chatwire.terminal.chat import Chat, Usage
from chatwire.terminal.commands import command, split_name
from chatwire.terminal.filelines import listed, size, too_large
from chatwire.terminal.offers import Offer
from chatwire.terminal.render import note, title
from chatwire.terminal.safe import safe
from chatwire.terminal.state import Conversation
from chatwire.transfer.names import harmless
from chatwire.transfer.source import Source

_OFFER_WAIT = 5.0  # seconds for an offer that a script asks for before it has come

Fits = Callable[[Offer], bool]


@command("/send PATH [TO]", "send a file in the open conversation, or to NAME or #GROUP", completes="path")
async def send(chat: Chat, argument: str) -> None:
    """Hash it, offer it, and upload it in a thread of its own."""
    path, conversation = _what_and_to(chat, argument)
    source = Source(path)
    try:
        sending = await _announce(chat, source, conversation)
    except BaseException:
        source.close()
        raise
    if not sending:
        source.close()


async def _announce(chat: Chat, source: Source, conversation: Conversation) -> bool:
    """Whether it is on its way now; then the source is the transfer's."""
    state = chat.state
    if source.size > state.max_file:
        raise Usage(too_large({"limit": state.max_file}))  # reading all of it could take long
    chat.begun_transfer()
    with chat.transfers.announcing(source) as transfer:
        await asyncio.to_thread(source.hash, progress=transfer.progress, control=transfer.control)
        reply = await _offer(
            chat, conversation, filename=harmless(source.name), length=source.size, sha256=source.sha256
        )  # fmt: skip
    if chat.state is not state or reply is None:
        return False  # somebody else has logged in meanwhile
    offer = chat.offers.take(reply, conversation, state.user)
    told = f"{source.name}, {size(source.size)}, is offered to {title(conversation)}"
    chat.show(note(f"{told}; /cancel {offer.number} takes it back"))
    url = reply.get("url")
    if not offer.alive or not isinstance(url, str):
        return False
    chat.transfers.send(offer, source, url)
    chat.screen.refresh()
    return True


@command("/get [N or NAME] [FOLDER]", "fetch a file, the newest unless told", completes="file")
async def get(chat: Chat, argument: str) -> None:
    """To ~/Downloads, or the current folder where there is none."""
    offer, rest = await _chosen(chat, argument, lambda offer: not offer.mine and offer.alive and offer.place is None)
    if chat.transfers.of(offer):
        raise Usage(f"{safe(offer.name)} is on its way already")
    folder = _folder(rest)
    reply = await chat.request("get_file", file=offer.file)
    offer.update(reply)
    url = reply.get("url")
    if not isinstance(url, str):
        raise Usage(f"{safe(offer.name)} cannot be had any more ({safe(offer.state)})")
    if chat.offers.get(offer.file) is offer and not chat.transfers.of(offer):
        chat.transfers.fetch(offer, folder / harmless(offer.name), url)
        chat.begun_transfer()
        if not chat.screen.interactive:
            chat.show(note(f"fetching {offer.name}, {size(offer.length)}"))


@command("/files", "the files that have been offered here")
async def files(chat: Chat, argument: str) -> None:
    """Oldest first."""
    offers = list(chat.offers)
    if not offers:
        chat.show(note("no files yet; /send PATH"))
    for offer in offers:
        chat.show(listed(offer, chat.transfers.of(offer)))


@command("/decline [N or NAME]", "say no to a file, the newest unless told", completes="file")
async def decline(chat: Chat, argument: str) -> None:
    """Its sender is told."""
    offer, _ = await _chosen(chat, argument, lambda offer: not offer.mine and offer.alive and offer.place is None)
    for transfer in chat.transfers.of(offer):
        transfer.control.cancel()
    reply = await chat.request("decline_file", file=offer.file)
    offer.update(reply)
    chat.show(note(f"{offer.name} is declined"))


@command("/cancel [N or NAME]", "stop a transfer; a file of yours is withdrawn", completes="file")
async def cancel(chat: Chat, argument: str) -> None:
    """What has been fetched is kept, and /get goes on from there."""
    offer, _ = await _chosen(chat, argument, lambda offer: bool(chat.transfers.of(offer)))
    running = chat.transfers.of(offer)
    for transfer in running:
        transfer.control.cancel()
    if offer.mine:
        offer.update(await chat.request("cancel_file", file=offer.file))
        chat.show(note(f"{offer.name} is withdrawn"))
    elif running:
        chat.show(note(f"{offer.name} is stopped; /get {offer.number} goes on"))
    else:
        raise Usage(f"{safe(offer.name)} is not on its way; /decline {offer.number} says no to it")


async def _offer(chat: Chat, conversation: Conversation, **fields: Any) -> Object | None:
    """Ask until the server has answered: with a cid, twice is once. None when another session has begun."""
    to = {"group" if conversation.is_group else "to_user": conversation.name}
    cid = secrets.token_hex(12)
    try:
        if not chat.screen.interactive:
            return await chat.request("send_file", cid=cid, **to, **fields)
        waits = f"{fields['filename']} waits for the server"
        return await chat.insist("send_file", waits, cid=cid, **to, **fields)
    except Refused as error:
        if error.result == "too_large":
            raise Usage(too_large(error.reply)) from None
        raise


def _what_and_to(chat: Chat, argument: str) -> tuple[Path, Conversation]:
    """The file, and whom it is for: a path may have spaces, with or without quotes, and so may a name behind it."""
    if not argument:
        raise Usage("/send PATH, or /send PATH NAME")
    path, to = _split_path(argument)
    if to.startswith("#"):
        return path, Conversation(typed(to.removeprefix("#")), is_group=True)
    if to:
        return path, Conversation(typed(to.strip('"')))
    if chat.state.open is None:
        raise Usage("to whom? /to NAME or /group NAME opens a conversation")
    return path, chat.state.open


def _split_path(argument: str) -> tuple[Path, str]:
    """The longest beginning that is a file."""
    if argument[0] in "\"'" and argument[0] in argument[1:]:
        name, _, rest = argument[1:].partition(argument[0])
        return _file(name), rest.strip()
    words = argument.split(" ")
    for count in range(len(words), 0, -1):
        path = expanded(" ".join(words[:count]))
        if _is_file(path):
            return path, " ".join(words[count:]).strip()
    return _file(argument), ""


def _file(name: str) -> Path:
    path = expanded(name)
    if not _is_file(path):
        kind = "a folder, not a file" if path.is_dir() else "no file that can be sent"
        raise Usage(f"{safe(path)} is {kind}")
    return path


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):  # a name that can be none
        return False


def _folder(text: str) -> Path:
    if text:
        folder = expanded(text.strip("\"'"))
        if not folder.is_dir():
            raise Usage(f"there is no folder {safe(folder)}")
        return folder
    downloads = home() / "Downloads"
    return downloads if downloads.is_dir() else Path.cwd()


async def _chosen(chat: Chat, argument: str, fits: Fits) -> tuple[Offer, str]:
    """The offer that is meant, and what stands behind it. A script may ask for it before it has come. Raises Usage."""
    if not chat.screen.interactive:
        try:
            await asyncio.wait_for(chat.until(lambda: _find(chat, argument, fits) is not None), _OFFER_WAIT)
        except asyncio.TimeoutError:
            pass  # it is told below
    found = _find(chat, argument, fits)
    if found is None:
        raise Usage(f"there is no such file here: {safe(argument)}" if argument else "there is no file to choose")
    return found


def _find(chat: Chat, argument: str, fits: Fits) -> tuple[Offer, str] | None:
    if not argument:
        offer = chat.offers.newest(fits)
        return (offer, "") if offer else None
    word, _, rest = argument.partition(" ")
    number = word.removeprefix("#")
    if number.isascii() and number.isdigit() and (offer := chat.offers.numbered(int(number))):
        return offer, rest.strip()
    name, rest = split_name(argument, [offer.name for offer in chat.offers])
    offer = chat.offers.newest(lambda offer: offer.name == name and fits(offer))
    offer = offer or chat.offers.newest(lambda offer: offer.name == name)
    return (offer, rest) if offer else None
