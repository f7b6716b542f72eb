"""The base of whatever shows words: it says them again when the language changes. GUI thread only."""

from __future__ import annotations

import weakref
from collections.abc import Callable

from PyQt5 import sip
from PyQt5.QtCore import QEvent, QObject, Qt
from PyQt5.QtWidgets import QFrame, QLabel, QPushButton, QSizePolicy, QWidget

from qtclient.widgets.controls import Elided, Push, ToolIcon
from qtclient.widgets.tips import set_tip


class Worded(QFrame):
    """A widget with words. ``say_words`` sets every text, tip and accessible name; it is called once by the constructor
    of each class that defines it, and again for another language.
    """

    def say_words(self) -> None:
        raise NotImplementedError

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802
        if event.type() == QEvent.Type.LanguageChange:
            self.say_words()
        super().changeEvent(event)


def label(role: str = "", *, wrap: bool = False) -> QLabel:
    """A label in one of the style sheet's roles. It shows plain text only, whatever it is given."""
    result = QLabel()
    result.setTextFormat(Qt.TextFormat.PlainText)
    result.setWordWrap(wrap)
    set_role(result, role)
    return result


def button(role: str = "") -> QPushButton:
    """A push button in one of the style sheet's roles."""
    result = Push()
    result.setAutoDefault(False)
    set_role(result, role)
    return result


def tool(name: str, role: str = "", colour: str = "muted", size: int = 20) -> ToolIcon:
    """A button that is an icon of ``size`` pixels; its words are its tip and accessible name (`say`)."""
    result = ToolIcon(name, colour, size)
    set_role(result, role)
    return result


def elided(role: str = "", where: Qt.TextElideMode = Qt.TextElideMode.ElideRight) -> Elided:
    """A label in one of the style sheet's roles that gives way where there is no room."""
    result = Elided(where)
    set_role(result, role)
    return result


def line(*, upright: bool = False) -> QFrame:
    """A soft separator."""
    result = QFrame()
    set_role(result, "upright" if upright else "line")
    result.setSizePolicy(
        *(
            (QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Expanding)
            if upright
            else (QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        )
    )
    return result


def set_role(widget: QWidget, role: str) -> None:
    """Tell the style sheet what a widget is, also later."""
    if role != (widget.property("role") or ""):
        widget.setProperty("role", role)
        widget.style().unpolish(widget)
        widget.style().polish(widget)


def say(widget: QWidget, words: str, tip: str = "") -> None:
    """Name a control that shows no words: for those who hear the screen, and as its tip."""
    widget.setAccessibleName(words)
    set_tip(widget, tip or words)


def weakly(method: Callable[[bool, str], None]) -> Callable[[bool, str], None]:
    """A callback for `Session` that does not keep its window alive, and does nothing once that is gone."""
    reference = weakref.WeakMethod(method)

    def call(ok: bool, text: str) -> None:
        bound = reference()
        owner = getattr(bound, "__self__", None)
        if bound is not None and not (isinstance(owner, QObject) and sip.isdeleted(owner)):
            bound(ok, text)

    return call
