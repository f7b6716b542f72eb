"""The keys of all windows, in one table: windows bind them by name, and the help window lists them."""

from __future__ import annotations

from collections.abc import Callable

from PyQt5.QtCore import Qt
from PyQt5.QtGui import QKeySequence
from PyQt5.QtWidgets import QShortcut, QWidget

from qtclient.i18n import tr

KEYS: dict[str, tuple[str, ...]] = {
    "jump": ("Ctrl+K",),
    "main": ("Ctrl+0",),
    "chats": ("Alt+1",),
    "friends": ("Alt+2",),
    "groups": ("Alt+3",),
    "filter": ("Ctrl+L",),
    "add_friend": ("Ctrl+N",),
    "create_group": ("Ctrl+Shift+N",),
    "join_group": ("Ctrl+J",),
    "search_all": ("Ctrl+Shift+F",),
    "transfers": ("Ctrl+T",),
    "settings": ("Ctrl+,",),
    "dnd": ("Ctrl+Shift+D",),
    "help": ("F1",),
    "close": ("Ctrl+W",),
    "quit": ("Ctrl+Q",),
    "search": ("Ctrl+F",),
    "file": ("Ctrl+O",),
    "emoji": ("Ctrl+E",),
    "members": ("Ctrl+I",),
    "mute": ("Ctrl+M",),
    "newest": ("Ctrl+End",),
    "messages": ("Ctrl+Up",),
    "next_tab": ("Ctrl+Tab", "Ctrl+PgDown"),
    "previous_tab": ("Ctrl+Shift+Tab", "Ctrl+PgUp"),
    "zoom_in": ("Ctrl++", "Ctrl+="),
    "zoom_out": ("Ctrl+-",),
    "zoom_fit": ("Ctrl+0",),
}


def bind(window: QWidget, name: str, act: Callable[[], object]) -> None:
    """Let the keys of that name do something in a window. ``act`` is a method of it, or of what outlives it."""
    for keys in KEYS[name]:
        shortcut = QShortcut(QKeySequence(keys), window)
        shortcut.setContext(Qt.ShortcutContext.WindowShortcut)
        shortcut.activated.connect(act)


def shown(name: str) -> str:
    """The first keys of a name, as the desktop writes them."""
    return QKeySequence(KEYS[name][0]).toString(QKeySequence.SequenceFormat.NativeText)


def chapters() -> list[tuple[str, list[tuple[str, str]]]]:
    """What the help window shows: titles, and what each key does."""
    return [
        (tr("Everywhere"), _lines(_everywhere())),
        (tr("Conversations"), [*_lines(_conversations()), *_writing()]),
        (tr("Messages"), _reading()),
        (tr("Pictures"), _lines(_pictures())),
    ]


def _everywhere() -> list[tuple[str, str]]:
    return [
        ("jump", tr("Jump to a friend or a group")),
        ("main", tr("Main window")),
        ("search_all", tr("Search in all conversations")),
        ("transfers", tr("Transfers")),
        ("add_friend", tr("Add a friend")),
        ("create_group", tr("Create a group")),
        ("join_group", tr("Join a group")),
        ("chats", tr("List of chats")),
        ("friends", tr("List of friends")),
        ("groups", tr("List of groups")),
        ("filter", tr("Filter the list")),
        ("dnd", tr("Do not disturb")),
        ("settings", tr("Settings")),
        ("help", tr("This help")),
        ("close", tr("Close the window or tab")),
        ("quit", tr("Quit")),
    ]


def _conversations() -> list[tuple[str, str]]:
    return [
        ("file", tr("Send a file")),
        ("emoji", tr("Emoji")),
        ("search", tr("Search in this conversation")),
        ("members", tr("Members of the group")),
        ("mute", tr("Mute or unmute")),
        ("newest", tr("Newest message")),
        ("messages", tr("From the field to the messages")),
        ("next_tab", tr("Next tab")),
        ("previous_tab", tr("Previous tab")),
    ]


def _pictures() -> list[tuple[str, str]]:
    return [("zoom_in", tr("Larger")), ("zoom_out", tr("Smaller")), ("zoom_fit", tr("Fit the window"))]


def _writing() -> list[tuple[str, str]]:
    return [
        (tr("Enter"), tr("Send, or a new line: as chosen in the settings")),
        (tr("Shift+Enter"), tr("New line")),
        (tr("Ctrl+V"), tr("Paste text, a picture or files")),
    ]


def _reading() -> list[tuple[str, str]]:
    return [
        (tr("Up and Down"), tr("Go from message to message")),
        (tr("Enter"), tr("Open the link, file or picture of a message")),
        (tr("Ctrl+C"), tr("Copy a message")),
        (tr("Menu key"), tr("All that can be done with a message")),
        (tr("Escape"), tr("Back to the field")),
    ]


def _lines(names: list[tuple[str, str]]) -> list[tuple[str, str]]:
    return [(shown(name), words) for name, words in names]
