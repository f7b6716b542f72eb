"""The transfers window: what is on its way, and what can be done about it. GUI thread only."""

from __future__ import annotations

import os

from PyQt5.QtCore import QPoint, Qt, QUrl, pyqtSignal
from PyQt5.QtGui import QDesktopServices, QKeyEvent
from PyQt5.QtWidgets import QAction, QHBoxLayout, QMenu, QPushButton, QToolButton, QVBoxLayout

from qtclient.i18n import ntr, tr
from qtclient.model.session import Session
from qtclient.model.settings import Settings
from qtclient.model.transfers import TransferRole
from qtclient.records import Phase, TransferInfo
from qtclient.widgets.roster_list import RosterList
from qtclient.widgets.toast import Toast
from qtclient.widgets.transfer_list import TransferDelegate
from qtclient.widgets.worded import button, label, line, set_role
from qtclient.windows.message_deeds import is_program, open_folder
from qtclient.windows.shortcuts import bind
from qtclient.windows.window import Window

_RUNS = (Phase.PREPARING, Phase.RUNNING, Phase.WAITING)


class TransfersWindow(Window):
    """A list, and a bar of buttons for the chosen line."""

    watch_wanted = pyqtSignal(object)  # TransferInfo

    def __init__(self, session: Session, settings: Settings) -> None:
        super().__init__(settings, "transfers", (580, 440))
        self._session = session
        set_role(self, "panel")
        self._title = label("heading")
        self.list = RosterList(TransferRole)
        self.list.setItemDelegate(TransferDelegate(self.list))
        self.list.setModel(session.transfers_model)
        self.toast = Toast(self, above=72)
        self._deeds = {
            name: button() for name in ("pause", "resume", "cancel", "again", "watch", "open", "folder", "clear")
        }
        self._clear_all = button("link")
        self._build()
        self._connect()
        self.say_words()
        if session.transfers_model.rowCount():
            self.list.setCurrentIndex(session.transfers_model.index(0))
        self._follow()
        self.list.setFocus()

    def say_words(self) -> None:
        self.setWindowTitle(tr("Transfers"))
        self.list.setAccessibleName(tr("Transfers"))
        self.list.set_empty(
            "transfers", tr("Nothing is on its way"), tr("Files that you send or download are shown here.")
        )
        self._clear_all.setText(tr("Clear what is over"))
        for name, words in (
            ("pause", tr("Pause")),
            ("resume", tr("Resume")),
            ("cancel", tr("Cancel")),
            ("again", tr("Try again")),
            ("watch", tr("Look inside")),
            ("open", tr("Open")),
            ("folder", tr("Show in folder")),
            ("clear", tr("Clear")),
        ):
            self._deeds[name].setText(words)
        self._follow()

    def chosen(self) -> TransferInfo | None:
        """The transfer whose line is chosen."""
        info = self.list.record(self.list.currentIndex())
        return info if isinstance(info, TransferInfo) else None

    def possible(self, info: TransferInfo | None) -> list[str]:
        """What can be done with it now."""
        if info is None:
            return []
        if info.phase in _RUNS:
            return ["pause", "cancel"] + (["watch"] if not info.upload and info.done else [])
        if info.phase is Phase.PAUSED:
            return ["resume", "cancel"]
        again = ["again"] if info.phase in (Phase.FAILED, Phase.CANCELLED) else []
        here = ["open", "folder"] if info.phase is Phase.DONE or info.upload else []
        return again + here + ["clear"]

    def do(self, name: str) -> None:
        """Do it with the chosen transfer."""
        info = self.chosen()
        if info is None or name not in self.possible(info):
            return
        if name == "open":
            self._open(info)
        elif name == "folder":
            if not open_folder(info.path):
                self.toast.say(tr("The folder cannot be opened."))
        elif name == "watch":
            self.watch_wanted.emit(info)
        else:
            {
                "pause": self._session.pause_transfer,
                "resume": self._session.resume_transfer,
                "cancel": self._session.cancel_transfer,
                "again": self._session.retry_transfer,
                "clear": self._session.clear_transfer,
            }[name](info.id)

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        if event.key() == Qt.Key.Key_Delete:
            self.do("clear" if "clear" in self.possible(self.chosen()) else "cancel")
        elif event.key() == Qt.Key.Key_Space:
            self.do("pause" if "pause" in self.possible(self.chosen()) else "resume")
        elif event.key() == Qt.Key.Key_Escape:
            self.close()
        else:
            super().keyPressEvent(event)

    def _build(self) -> None:
        top = QHBoxLayout()
        top.setContentsMargins(20, 16, 16, 8)
        top.addWidget(self._title, 1)
        top.addWidget(self._clear_all)
        bar = QHBoxLayout()
        bar.setContentsMargins(16, 12, 16, 12)
        bar.setSpacing(8)
        for one in self._deeds.values():
            bar.addWidget(one)
        bar.addStretch()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addLayout(top)
        layout.addWidget(self.list, 1)
        layout.addWidget(line())
        layout.addLayout(bar)

    def _connect(self) -> None:
        model = self._session.transfers_model
        for name, one in self._deeds.items():
            one.setProperty("deed", name)
            one.clicked.connect(self._pressed)
        self._clear_all.clicked.connect(self._clear_over)
        self.list.chosen.connect(self._follow)
        self.list.menu_wanted.connect(self._open_menu)
        self.list.selectionModel().currentChanged.connect(self._follow)
        for signal in (model.dataChanged, model.rowsInserted, model.rowsRemoved, model.modelReset):
            signal.connect(self._follow)
        bind(self, "close", self.close)

    def _pressed(self) -> None:
        sender = self.sender()
        if isinstance(sender, (QPushButton, QToolButton)):
            self.do(str(sender.property("deed")))

    def _open_menu(self, record: object, where: QPoint) -> None:
        menu = QMenu(self)
        menu.setAccessibleName(tr("Transfer"))
        for name in self.possible(self.chosen()):
            menu.addAction(self._deeds[name].text()).setData(name)
        menu.triggered.connect(self._menu_chosen)
        menu.aboutToHide.connect(menu.deleteLater)
        menu.popup(where)

    def _menu_chosen(self, action: QAction) -> None:
        self.do(str(action.data()))

    def _follow(self, *_: object) -> None:
        """Show the buttons that do something, and count."""
        model = self._session.transfers_model
        if not self.list.currentIndex().isValid() and model.rowCount():
            self.list.setCurrentIndex(model.index(0))
        self._show_deeds(self.possible(self.chosen()))
        infos = model.records()
        running = sum(info.phase in _RUNS for info in infos)
        words = ntr("{count} file on its way", "{count} files on their way", running)
        self._title.setText(words if running else tr("Transfers"))
        self._clear_all.setVisible(any(info.phase.over for info in infos))

    def _show_deeds(self, possible: list[str]) -> None:
        """A button that goes leaves the keyboard to its counterpart. Left to Qt, Pause pressed twice would cancel."""
        had = next((name for name, one in self._deeds.items() if one is self.focusWidget()), "")
        for name, one in self._deeds.items():
            one.setVisible(name in possible)
        if had and had not in possible:
            twin = {"pause": "resume", "resume": "pause"}.get(had, "")
            (self._deeds[twin] if twin in possible else self.list).setFocus()

    def _clear_over(self) -> None:
        for info in self._session.transfers_model.records():
            if info.phase.over:
                self._session.clear_transfer(info.id)

    def _open(self, info: TransferInfo) -> None:
        if not os.path.exists(info.path):
            self.toast.say(tr("The file is not there any more."))
        elif is_program(info.path):
            self.toast.say(tr("This file is a program. Only its folder is opened."))
            open_folder(info.path)
        elif not QDesktopServices.openUrl(QUrl.fromLocalFile(info.path)):
            self.toast.say(tr("The desktop has no program for this file."))
