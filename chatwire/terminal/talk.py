"""/to, /group, /msg, /history."""

from __future__ import annotations

from chatwire.errors import PeerError, Refused
from chatwire.events import LINK_LOST
from chatwire.names import typed
from chatwire.terminal.chat import Chat, Usage
from chatwire.terminal.commands import command, split_name
from chatwire.terminal.render import note, title
from chatwire.terminal.state import Conversation, objects

_FIRST_PAGE = 10  # messages that a conversation is opened with
_PAGE = 20


@command("/to [NAME]", "talk to somebody; without a name, close", completes="person")
async def to(chat: Chat, argument: str) -> None:
    """Open a private conversation and show its end."""
    await open_conversation(chat, Conversation(typed(argument)) if argument else None)


@command("/group NAME", "talk in a group", completes="group")
async def group(chat: Chat, argument: str) -> None:
    """Open a group's conversation and show its end."""
    if not argument:
        chat.open(None)
        raise Usage("which group?")
    await open_conversation(chat, Conversation(typed(argument.removeprefix("#")), is_group=True))


@command("/msg NAME TEXT", "say one thing to somebody", completes="person")
async def msg(chat: Chat, argument: str) -> None:
    """The open conversation stays open."""
    name, text = split_name(argument, chat.state.people())
    if not text:
        raise Usage('/msg NAME TEXT; a name with spaces stands in "double quotes"')
    chat.say(Conversation(name), text)


@command("/history [N]", "earlier messages; again for still earlier ones")
async def history(chat: Chat, argument: str) -> None:
    """A page of the open conversation, before the oldest message that was shown in this way."""
    if chat.state.open is None:
        raise Usage("open a conversation first: /to NAME or /group NAME")
    if argument and not (argument.isascii() and argument.isdigit() and int(argument)):
        raise Usage("/history N, where N is a number")
    await _page(chat, chat.state.open, int(argument or _PAGE))


async def open_conversation(chat: Chat, conversation: Conversation | None) -> None:
    """Make it the open one and show its end. When it is refused nothing is open: the next line is for nobody else."""
    chat.open(conversation)  # at once: what is typed next may have been typed before the server has answered
    if conversation is None:
        return
    chat.state.oldest.pop(conversation, None)
    if not chat.state.connected:
        chat.show(note(f"{title(conversation)} is open; /history shows it when the server is back"))
        return
    try:
        await _page(chat, conversation, _FIRST_PAGE)
    except (Refused, PeerError) as error:
        if not (isinstance(error, Refused) and error.result == LINK_LOST):
            chat.close(conversation)
        raise
    chat.mark_read(conversation)


async def _page(chat: Chat, conversation: Conversation, limit: int) -> None:
    """Show the messages before those that have been shown, oldest first."""
    before = chat.state.oldest.get(conversation)
    if before == 0:
        chat.show(note(f"there is nothing earlier in {title(conversation)}"))
        return
    where = {"before": before} if before else {}
    reply = await chat.request("history", limit=limit, **conversation.field, **where)
    messages = objects(reply.get("messages"))
    mids = [m["mid"] for m in messages if isinstance(m.get("mid"), int)]
    more = reply.get("more") is True and bool(mids)
    chat.state.oldest[conversation] = min(mids) if more else 0
    head = title(conversation) + (", the beginning" if not more else "")
    chat.show([("class:note", f"── {head} ──" if messages else f"── {title(conversation)}: nothing yet ──")])
    for obj in messages:
        chat.state.saw(obj)
        chat.show(chat.line_of(obj))
    if before is None and messages:
        chat.show([("class:note", "──")])
