"""The colours in force. `theme.Theme` sets them; whoever paints asks at the moment of painting. GUI thread only."""

from __future__ import annotations

from functools import lru_cache

from PyQt5.QtGui import QColor, QPalette

from qtclient.look.colours import LIGHT, Colours

_now = LIGHT


def now() -> Colours:
    """The colours in force."""
    return _now


def use(colours: Colours) -> None:
    """Put colours in force; the caller sees to it that everything is painted again."""
    global _now
    _now = colours


@lru_cache(maxsize=256)
def colour(value: str) -> QColor:
    """The Qt colour of ``#rrggbb``; shared, not to be changed."""
    return QColor(value)


def qt_palette(colours: Colours) -> QPalette:
    """The same for what Qt paints by itself."""
    result = QPalette()
    roles = {
        QPalette.ColorRole.Window: colours.panel,
        QPalette.ColorRole.WindowText: colours.text,
        QPalette.ColorRole.Base: colours.surface,
        QPalette.ColorRole.AlternateBase: colours.hover,
        QPalette.ColorRole.ToolTipBase: colours.surface,
        QPalette.ColorRole.ToolTipText: colours.text,
        QPalette.ColorRole.Text: colours.text,
        QPalette.ColorRole.PlaceholderText: colours.faint,
        QPalette.ColorRole.Button: colours.panel,
        QPalette.ColorRole.ButtonText: colours.text,
        QPalette.ColorRole.BrightText: colours.danger,
        QPalette.ColorRole.Highlight: colours.accent,
        QPalette.ColorRole.HighlightedText: colours.on_accent,
        QPalette.ColorRole.Link: colours.accent,
        QPalette.ColorRole.LinkVisited: colours.accent,
        QPalette.ColorRole.Mid: colours.line,
    }
    for role, value in roles.items():
        result.setColor(role, QColor(value))
    for role in (QPalette.ColorRole.Text, QPalette.ColorRole.WindowText, QPalette.ColorRole.ButtonText):
        result.setColor(QPalette.ColorGroup.Disabled, role, QColor(colours.faint))
    return result
