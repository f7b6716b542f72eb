"""The upper bar of a conversation: with whom, what is known of them, and what can be done. GUI thread only."""

from __future__ import annotations

from collections.abc import Sequence

from PyQt5.QtCore import QRectF, QSize, pyqtSignal
from PyQt5.QtGui import QPainter, QPaintEvent
from PyQt5.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from qtclient.i18n import tr
from qtclient.look import palette
from qtclient.look.avatar import paint_avatar, paint_presence
from qtclient.look.icons import icon
from qtclient.records import Key, Kind
from qtclient.widgets import said
from qtclient.widgets.worded import Worded, elided, say, set_role, tool


def upper_bar(
    bar: QWidget, margins: tuple[int, int, int, int], face: Face, lines: Sequence[QWidget], buttons: Sequence[QWidget]
) -> None:
    """Lay out a bar: a face, lines of words beside it, and buttons. ``margins`` in pixels: left, top, right, bottom."""
    words = QVBoxLayout()
    words.setSpacing(0)
    words.addStretch()
    for line in lines:
        words.addWidget(line)
    words.addStretch()
    layout = QHBoxLayout(bar)
    layout.setContentsMargins(*margins)
    layout.setSpacing(4)
    layout.addWidget(face)
    layout.addSpacing(8)
    layout.addLayout(words, 1)
    for button in buttons:
        layout.addWidget(button)


class Face(QWidget):
    """An avatar."""

    def __init__(self, name: str, size: int, *, group: bool = False, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._name, self._group, self._online = name, group, False
        self.setFixedSize(QSize(size + 3, size + 3))  # the dot stands out a little

    def set_online(self, online: bool) -> None:
        """The dot."""
        if online != self._online:
            self._online = online
            self.update()

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        painter = QPainter(self)
        painter.setFont(self.font())
        rect = QRectF(self.rect()).adjusted(0, 0, -3, -3)
        paint_avatar(painter, rect, self._name, group=self._group)
        paint_presence(painter, rect, self._online, palette.now().panel)
        painter.end()


class Header(Worded):
    """The buttons tell what is wanted; the second line is set from outside."""

    search = pyqtSignal()
    members = pyqtSignal()
    mute = pyqtSignal()
    menu = pyqtSignal()

    def __init__(self, key: Key, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        set_role(self, "bar")
        group = key.kind is Kind.GROUP
        self._muted = False
        self._face = Face(key.name, 40, group=group)
        self._title, self._second = elided("heading"), elided("small")
        self._title.setText(said.name(key.name))
        self._search, self._members, self._mute, self.more = tool("search"), tool("group"), tool("bell"), tool("more")
        self._members.setVisible(group)
        for button, signal in (
            (self._search, self.search),
            (self._members, self.members),
            (self._mute, self.mute),
            (self.more, self.menu),
        ):
            button.clicked.connect(signal)
        self._build()
        self.say_words()

    def say_words(self) -> None:
        say(self._search, tr("Search in this conversation"))
        say(self._members, tr("Members of the group"))
        say(self._mute, tr("Unmute") if self._muted else tr("Mute"))
        say(self.more, tr("More"))
        self._mute.setIcon(icon("bell_off" if self._muted else "bell"))

    def set_second(self, words: str, *, busy: bool = False) -> None:
        """What is known of them; ``busy`` draws it in the accent."""
        self._second.setText(words)
        colour = palette.now().accent if busy else palette.now().muted
        self._second.setStyleSheet(f"color: {colour};" if busy else "")

    def second(self) -> str:
        return self._second.text()

    def set_online(self, online: bool) -> None:
        self._face.set_online(online)

    def set_muted(self, muted: bool) -> None:
        self._muted = muted
        self.say_words()

    def _build(self) -> None:
        buttons = (self._members, self._search, self._mute, self.more)
        upper_bar(self, (16, 8, 8, 8), self._face, (self._title, self._second), buttons)
