"""The colours, once for light and once for dark. One accent; everything else is a shade of the same blue-grey.

Texts keep a contrast of at least 4.5 against what they stand on, which a test computes.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Colours:
    """Each is ``#rrggbb``."""

    dark: bool
    window: str  # behind messages
    panel: str  # lists at the side, bars
    surface: str  # fields, cards, menus
    line: str  # soft separators
    edge: str  # the edge of a field
    text: str
    muted: str  # second lines, times
    faint: str  # placeholders, disabled
    hover: str
    selected: str
    accent: str  # links, focus, what is chosen
    accent_soft: str  # behind a chosen thing that keeps its own text
    on_accent: str
    button: str  # the fill of the one button that matters, and of badges
    button_hover: str
    button_down: str
    on_button: str
    mine: str  # own bubbles
    on_mine: str
    mine_muted: str  # time and state in them
    mine_soft: str  # a field in them, as behind a file's sign
    theirs: str
    on_theirs: str
    theirs_muted: str
    theirs_soft: str
    online: str
    danger: str
    danger_soft: str
    warning: str
    warning_soft: str
    quiet_badge: str  # unread in a muted conversation
    mark: str  # behind found words
    on_mark: str


LIGHT = Colours(
    dark=False,
    window="#ffffff",
    panel="#f6f7f9",
    surface="#ffffff",
    line="#e6e9ee",
    edge="#c9d0da",
    text="#1a212b",
    muted="#5d6878",
    faint="#8a94a3",
    hover="#eceff4",
    selected="#e1e9fb",
    accent="#2f62d9",
    accent_soft="#e4ecfd",
    on_accent="#ffffff",
    button="#2f62d9",
    button_hover="#2856c4",
    button_down="#214aac",
    on_button="#ffffff",
    mine="#2f62d9",
    on_mine="#ffffff",
    mine_muted="#e6edfd",
    mine_soft="#2856c4",
    theirs="#eef1f5",
    on_theirs="#1a212b",
    theirs_muted="#5a6575",
    theirs_soft="#dfe4eb",
    online="#1f9d57",
    danger="#c62f3b",
    danger_soft="#fdeaec",
    warning="#8a5a00",
    warning_soft="#fff3d6",
    quiet_badge="#697586",
    mark="#ffe08a",
    on_mark="#1a212b",
)

DARK = Colours(
    dark=True,
    window="#12161c",
    panel="#181d25",
    surface="#212832",
    line="#272f3a",
    edge="#3b4553",
    text="#e7ebf1",
    muted="#a0abba",
    faint="#76818f",
    hover="#212832",
    selected="#263655",
    accent="#7ba2ff",
    accent_soft="#22304d",
    on_accent="#0d1624",
    button="#3767d6",
    button_hover="#3d6cdb",
    button_down="#2f5cc4",
    on_button="#ffffff",
    mine="#2c57b8",
    on_mine="#ffffff",
    mine_muted="#cfdcf9",
    mine_soft="#3b67c8",
    theirs="#242c37",
    on_theirs="#e7ebf1",
    theirs_muted="#a3adbb",
    theirs_soft="#333d4a",
    online="#43c47f",
    danger="#ff8088",
    danger_soft="#3b2228",
    warning="#f2c165",
    warning_soft="#372d1a",
    quiet_badge="#5f6b7a",
    mark="#7a5f10",
    on_mark="#ffffff",
)


def contrast(one: str, other: str) -> float:
    """How well one colour is read on another, 1 to 21, as the WCAG define it."""
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _luminance(colour: str) -> float:
    parts = (int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5))
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
