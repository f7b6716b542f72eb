"""/friends, /add, /remove, /groups, /create, /join, /leave, /members."""

from __future__ import annotations

from chatwire.errors import Refused
from chatwire.names import typed
from chatwire.terminal.chat import Chat, Usage
from chatwire.terminal.commands import command
from chatwire.terminal.render import member, note, presence, title
from chatwire.terminal.state import Conversation, objects
from chatwire.terminal.talk import open_conversation


@command("/friends", "your friends, and who is here")
async def friends(chat: Chat, argument: str) -> None:
    """Those who are here come first."""
    everybody = chat.state.friends
    if not everybody:
        chat.show(note("no friends yet; /add NAME"))
    for name in sorted(everybody, key=lambda name: (not everybody[name], name)):
        chat.show(presence(name, everybody[name]))


@command("/add NAME", "become friends", completes="person")
async def add(chat: Chat, argument: str) -> None:
    """Both become friends at once."""
    reply = await chat.request("add", friend=_needed(argument, "whom?"))
    name = str(reply.get("friend"))
    online = reply.get("online")
    chat.state.friends[name] = online if isinstance(online, bool) else None
    chat.show(note(f"{name} and you are friends now"))


@command("/remove NAME", "be friends no more", completes="friend")
async def remove(chat: Chat, argument: str) -> None:
    """Both rosters lose an entry."""
    reply = await chat.request("remove_friend", friend=_needed(argument, "whom?"))
    name = str(reply.get("friend"))
    chat.state.friends.pop(name, None)
    chat.show(note(f"{name} and you are friends no more"))


@command("/groups", "your groups")
async def groups(chat: Chat, argument: str) -> None:
    """By name."""
    if not chat.state.groups:
        chat.show(note("no groups yet; /create NAME or /join NAME"))
    for name in sorted(chat.state.groups):
        chat.show([("class:group", f"  {title(Conversation(name, is_group=True))}")])


@command("/create NAME", "make a group")
async def create(chat: Chat, argument: str) -> None:
    """And be its owner."""
    await _enter(chat, "create_group", argument)


@command("/join NAME", "join a group")
async def join(chat: Chat, argument: str) -> None:
    """And get what is said there from now on."""
    await _enter(chat, "add_group", argument)


@command("/leave [GROUP]", "leave a group, or the open one", completes="group")
async def leave(chat: Chat, argument: str) -> None:
    """And close it, if it is open."""
    group = _group(chat, argument)
    await chat.request("leave_group", group=group.name)
    chat.state.groups.discard(group.name)
    if chat.state.open == group:
        chat.open(None)
    chat.show(note(f"you have left {title(group)}"))


@command("/members [GROUP]", "who is in a group, or in the open one", completes="group")
async def members(chat: Chat, argument: str) -> None:
    """Those who are here come first."""
    reply = await chat.request("get_group_member", group=_group(chat, argument).name)
    for entry in sorted(objects(reply.get("members")), key=lambda m: (not m.get("online"), str(m.get("user")))):
        chat.show(member(entry))


async def _enter(chat: Chat, cmd: str, argument: str) -> None:
    wanted = Conversation(typed(argument), is_group=True) if argument else None
    chat.open(wanted)  # at once, and not the one before: what is typed next is meant for this group
    try:
        reply = await chat.request(cmd, group=_needed(argument, "which group?"))
    except Exception as error:
        if wanted is not None and isinstance(error, Refused) and error.result == "user_in_group":
            await open_conversation(chat, wanted)
            return
        chat.close(wanted)
        raise
    group = Conversation(str(reply.get("group")), is_group=True)
    chat.state.groups.add(group.name)
    if chat.state.open == wanted:
        chat.open(group)
    chat.show(note(f"you are in {title(group)} now; what you type is said there"))


def _group(chat: Chat, argument: str) -> Conversation:
    if argument:
        return Conversation(typed(argument.removeprefix("#")), is_group=True)
    if chat.state.open is None or not chat.state.open.is_group:
        raise Usage("which group?")
    return chat.state.open


def _needed(argument: str, question: str) -> str:
    if not argument:
        raise Usage(question)
    return typed(argument)
