"""Tips show words as they are. GUI thread only.

Qt takes a tip with tags in it for HTML, and HTML names pictures, which Qt opens: a file's name is enough for that.
"""

from __future__ import annotations

import html

from PyQt5.QtWidgets import QWidget


def plain(text: str) -> str:
    """A text from outside for a tip."""
    return f'<p style="white-space: pre-wrap">{html.escape(text)}</p>' if "<" in text else text


def set_tip(widget: QWidget, text: str) -> None:
    """Give a widget its tip."""
    tip = plain(text)
    if tip != widget.toolTip():
        widget.setToolTip(tip)
