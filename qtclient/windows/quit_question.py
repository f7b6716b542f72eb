"""The question before the end, when something would stop or be lost by it. It blocks no window's work."""

from __future__ import annotations

from collections.abc import Callable

from PyQt5.QtCore import Qt
from PyQt5.QtWidgets import QMessageBox

from qtclient.i18n import ntr, tr
from qtclient.look.icons import app_icon, icon


class QuitQuestion(QMessageBox):
    """Deletes itself once it is answered."""

    def __init__(self, act: Callable[[], None], *, moving: int, unsent: int, unwritable: str, logout: bool) -> None:
        """``act`` is called if the user wants it all the same. ``moving``: files on their way. ``unwritable``: why
        the disk takes nothing, and ``unsent``: messages that are neither there nor at the server.
        """
        super().__init__(QMessageBox.Icon.NoIcon, tr("Log out?") if logout else tr("Quit?"), "")
        self.setWindowIcon(app_icon())
        self.setIconPixmap(icon("alert" if unwritable else "transfers", "accent").pixmap(40, 40))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setTextFormat(Qt.TextFormat.PlainText)
        if unwritable:
            self.setText(tr("What you did last is not on the disk, and would be lost."))
            self.setInformativeText("\n\n".join([*_lost(unsent), unwritable, *_stops(moving)]))
        else:
            self.setText(ntr("{count} file is on its way.", "{count} files are on their way.", moving))
            self.setInformativeText(tr("What is not finished goes on when you start the client again."))
        go = self.addButton(tr("&Log out") if logout else tr("&Quit"), QMessageBox.ButtonRole.AcceptRole)
        stay = self.addButton(tr("&Stay"), QMessageBox.ButtonRole.RejectRole)
        for button in (go, stay):
            button.setAccessibleName(button.text().replace("&", ""))
        self.setDefaultButton(stay)
        self.buttonClicked.connect(lambda button: act() if button is go else None)


def _lost(unsent: int) -> list[str]:
    if not unsent:
        return [tr("All messages have been sent; drafts, and how far you have read, would be lost.")]
    return [ntr("{count} message has not been sent.", "{count} messages have not been sent.", unsent)]


def _stops(moving: int) -> list[str]:
    return [ntr("{count} file is on its way.", "{count} files are on their way.", moving)] if moving else []
