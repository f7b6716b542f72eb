"""What a person types or pastes, on its way into the program: whole characters, and every one of them. GUI thread only.

Qt counts in halves of surrogate pairs, as UTF-16 has them. A half alone is no character: no encoder takes it, neither
for the server nor for the cache, so it never gets past here.
"""

from __future__ import annotations

from PyQt5.QtGui import QInputMethodEvent, QValidator
from PyQt5.QtWidgets import QLineEdit, QWidget

from chatwire.text import well_formed
from qtclient.widgets.composition import Composition

# What Qt puts at the ends of paragraphs, lines and frames.
_ENDS = {0x2028: "\n", 0x2029: "\n", 0xFDD0: "\n", 0xFDD1: "\n"}
_MOST = 32767  # units of a line, by Qt

MOST_NAME = 128  # characters: one of 32 may be typed as several times as many, which become one in NFC
MOST_PASSWORD = 1024


class LineField(QLineEdit):
    """A line of text; ``most`` is how many characters it takes at most."""

    def __init__(self, parent: QWidget | None = None, most: int = _MOST) -> None:
        super().__init__(parent)
        self.composition = Composition(self)
        self.setValidator(_WholeCharacters(self, most))

    def inputMethodEvent(self, event: QInputMethodEvent) -> None:  # noqa: N802
        if self.composition.accepts(event):
            super().inputMethodEvent(event)

    def entered(self) -> str:
        """What is to be used now, with what an input method still composes: the user sees it there and means it."""
        self.composition.commit()
        return self.text()


class _WholeCharacters(QValidator):
    """Cuts what is too long between two characters, and shows a sign in the place of half a one."""

    def __init__(self, parent: QWidget, most: int) -> None:
        super().__init__(parent)
        self._most = most

    def validate(self, text: str, cursor: int) -> tuple[QValidator.State, str, int]:
        kept = well_formed(text)[: self._most]
        return QValidator.State.Acceptable, kept, min(cursor, _units(kept))


def from_document(text: str) -> str:
    """The raw text of a document as everybody else writes it: lines end with a line feed."""
    return well_formed(text.translate(_ENDS))


def _units(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2
