"""What an input method composes in a text field: the preedit, and when Enter belongs to it. GUI thread only.

Input methods differ. Those that offer candidates (Pinyin, Kana) use Enter to take what was typed as it is, so Enter
must not send then. Those that put letters together to syllables (Hangul) offer none: for their users Enter ends the
syllable and sends, as in every program, and they press it once.
"""

from __future__ import annotations

from PyQt5.QtCore import QCoreApplication, QTimer
from PyQt5.QtGui import QGuiApplication, QInputMethodEvent
from PyQt5.QtWidgets import QWidget

# Jamo and syllables: blocks that are full, so no later Unicode changes what is in them.
_HANGUL = (
    (0x1100, 0x11FF),
    (0x3130, 0x318F),
    (0xA960, 0xA97F),
    (0xAC00, 0xD7FF),
)


_ECHO = 1000  # milliseconds in which an input method may commit again what has been committed for it


class Composition:
    """What is being composed in one field, which asks `accepts` about every event of the input method."""

    def __init__(self, field: QWidget) -> None:
        self._field = field
        self._preedit = ""
        self._forwarded = QTimer(field)  # until the loop turns after a composition with candidates
        self._forwarded.setSingleShot(True)
        self._forwarded.setInterval(0)
        self._committed = ""
        self._echo = QTimer(field)
        self._echo.setSingleShot(True)
        self._echo.setInterval(_ECHO)

    @property
    def composing(self) -> bool:
        return bool(self._preedit)

    def accepts(self, event: QInputMethodEvent) -> bool:
        """Whether the field may have the event: an input method that is reset may commit what it had once more.

        ibus-hangul does, after Qt has committed its preedit and then reset it. And some frameworks commit first, and
        forward the key that did it then.
        """
        if self._echo.isActive() and not event.preeditString() and event.commitString() == self._committed:
            self._echo.stop()
            return False
        before, self._preedit = self._preedit, event.preeditString()
        if self._preedit:
            self._echo.stop()
        elif before and not _syllables(before):
            self._forwarded.start()
        return True

    def takes_enter(self) -> bool:
        """Whether an Enter that arrives now is the input method's."""
        return self._forwarded.isActive() or (self.composing and not _syllables(self._preedit))

    def commit(self) -> None:
        """Have what is composed put into the field: it is what the user sees there."""
        if not self.composing:
            return
        preedit = self._preedit
        if self._field.hasFocus():
            QGuiApplication.inputMethod().commit()
        if self.composing:  # this platform's input methods do not know how
            event = QInputMethodEvent()
            event.setCommitString(preedit)
            QCoreApplication.sendEvent(self._field, event)
        self._committed = preedit
        self._echo.start()


def _syllables(preedit: str) -> bool:
    """Whether it is Hangul alone, for which there are no candidates unless one asks for them."""
    return all(any(first <= ord(sign) <= last for first, last in _HANGUL) for sign in preedit)
