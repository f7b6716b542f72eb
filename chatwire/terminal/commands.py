"""The table of slash commands, and how a typed line becomes a call of one of them."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable, Iterable, Iterator
from dataclasses import dataclass

from chatwire.folding import folded
from chatwire.names import MAX_DECOMPOSED, normalized
from chatwire.terminal.chat import Chat, Usage
from chatwire.terminal.state import State

Function = Callable[[Chat, str], Awaitable[None]]

_MOST_PATHS = 50


@dataclass(frozen=True)
class Command:
    """``completes`` says which names may follow; ``asks``: the user is asked for more, so nothing else is typed."""

    name: str
    usage: str
    help: str
    function: Function
    completes: str = ""
    asks: bool = False
    login: bool = True


COMMANDS: dict[str, Command] = {}


def command(
    usage: str, help: str, *, completes: str = "", asks: bool = False, login: bool = True
) -> Callable[[Function], Function]:
    """Enter a function into the table; ``usage`` begins with its name."""

    def enter(function: Function) -> Function:
        name = usage.split()[0].lstrip("/")
        COMMANDS[name] = Command(name, usage, help, function, completes, asks, login)
        return function

    return enter


def parse(line: str) -> tuple[str, str] | None:
    """A command's name and what follows it, or None for a line that is a message (``//`` begins one with a slash)."""
    if not line.startswith("/") or line.startswith("//"):
        return None
    name, _, argument = line[1:].partition(" ")
    return name.strip().lower(), argument.strip(" \t")


def find(name: str) -> Command:
    """A command by its name, or by the beginning of it when only one begins so. Raises Usage."""
    if name in COMMANDS:
        return COMMANDS[name]
    matches = [c for c in COMMANDS.values() if name and c.name.startswith(name)]
    if len(matches) == 1:
        return matches[0]
    if matches:
        raise Usage("/" + name + " could be " + ", ".join("/" + c.name for c in matches))
    raise Usage(f"there is no command /{name}; /help lists them")


def split_name(argument: str, known: Iterable[str]) -> tuple[str, str]:
    """A name and the text behind it. A name with spaces is known, or stands in double quotes."""
    if argument.startswith('"') and '"' in argument[1:]:
        name, _, text = argument[1:].partition('"')
        return normalized(name), text.strip(" \t")
    names = {normalized(name): name for name in known}
    longest = max(map(len, names), default=0) * MAX_DECOMPOSED
    ends = [place for place, sign in enumerate(argument[: longest + 1] + " ") if sign == " "]
    for end in reversed(ends):
        if (found := names.get(normalized(argument[:end]))) is not None and argument[end : end + 1] in ("", " "):
            return found, argument[end:].strip(" \t")
    name, _, text = argument.partition(" ")
    return normalized(name), text.strip(" \t")


def completions(typed: str, state: State, files: Iterable[str] = ()) -> Iterator[tuple[str, int, str]]:
    """What may be meant: (insertion, start relative to the end, explanation)."""
    if not typed.startswith("/") or typed.startswith("//"):
        return
    name, space, argument = typed[1:].partition(" ")
    if not space:
        for entry in COMMANDS.values():
            if entry.name.startswith(name):
                yield "/" + entry.name + (" " if " " in entry.usage else ""), -len(typed), entry.help
        return
    found = COMMANDS.get(name)
    kind = found.completes if found else ""
    for candidate in files if kind == "file" else _paths(argument) if kind == "path" else _names(kind, state):
        if folded(candidate).startswith(folded(argument)):
            yield candidate, -len(argument), ""


def _names(kind: str, state: State) -> list[str]:
    if kind == "person":
        return state.people()
    if kind == "friend":
        return sorted(state.friends)
    if kind == "group":
        return sorted(state.groups)
    return sorted(COMMANDS) if kind == "command" else []


def _paths(typed: str) -> list[str]:
    """Files and folders that a path may go on with, spelled as it begins."""
    head, slash, tail = typed.rpartition("/")
    try:
        with os.scandir(os.path.expanduser(head + slash) or ".") as entries:
            found = [entry for entry in entries if entry.name.startswith(tail) and (tail or entry.name[0] != ".")]
            return sorted(head + slash + entry.name + ("/" if entry.is_dir() else "") for entry in found)[:_MOST_PATHS]
    except (OSError, ValueError):
        return []
