"""The settings window. What is chosen counts at once. GUI thread only."""

from __future__ import annotations

from PyQt5.QtCore import QEvent, QSize, Qt, pyqtSignal
from PyQt5.QtGui import QKeyEvent
from PyQt5.QtWidgets import (
    QCheckBox,
    QComboBox,
    QFileDialog,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QVBoxLayout,
    QWidget,
)

from qtclient.i18n import tr
from qtclient.model.settings import Settings
from qtclient.widgets import said
from qtclient.widgets.controls import Check, Choice
from qtclient.widgets.scrolled import Scrolled
from qtclient.widgets.worded import button, label, line, set_role
from qtclient.windows.shortcuts import bind
from qtclient.windows.window import Window, fitting

_SIZES = (0, 8, 9, 10, 11, 12, 13, 14, 16, 18, 20, 24)
_PICTURES = (0, 1_000_000, 5_000_000, 20_000_000)
_CHECKS = ("notify", "dnd", "tray", "blink", "close_to_tray")


class SettingsWindow(Window):
    """Every control stands for one key of `Settings`."""

    password_wanted = pyqtSignal()

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings, "settings", (520, 640))
        self._labels: dict[str, QLabel] = {}
        self.choices: dict[str, Choice] = {
            name: Choice()
            for name in ("theme", "font_size", "language", "send_with", "tabs", "auto_download_images_below")
        }
        self.checks: dict[str, QCheckBox] = {name: Check() for name in _CHECKS}
        self._titles = [label("heading") for _ in range(5)]
        self.folder, self.password = button(), button()
        self._folder_hint = label("small", wrap=True)
        self._filling = False
        self._build()
        self.say_words()
        for name, box in self.choices.items():
            box.setProperty("key", name)
            box.currentIndexChanged.connect(self._chosen)
        for name, check in self.checks.items():
            check.setProperty("key", name)
            check.toggled.connect(self._checked)
        self.folder.clicked.connect(self._choose_folder)
        self.password.clicked.connect(self.password_wanted)
        settings.changed.connect(self._fill)
        bind(self, "close", self.close)
        if settings.get("windows").get(self.name) is None:
            self.resize(fitting(self.sizeHint().expandedTo(QSize(520, 0))))

    def say_words(self) -> None:
        self.setWindowTitle(tr("Settings"))
        titles = (tr("Look"), tr("Messages"), tr("Notices"), tr("Files"), tr("Account"))
        for title, words in zip(self._titles, titles, strict=True):
            title.setText(words)
        for name, words in _names().items():
            self._labels[name].setText(words)
            self.choices[name].setAccessibleName(words)
        for name, words in _check_names().items():
            self.checks[name].setText(words)
        self.folder.setText(tr("Choose…"))
        self.folder.setAccessibleName(tr("Choose the folder for downloads"))
        self.password.setText(tr("Change the password…"))
        self._offer()
        self._fill()
        self._align()

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802
        super().changeEvent(event)
        if event.type() in (QEvent.Type.FontChange, QEvent.Type.StyleChange) and hasattr(self, "_folder_hint"):
            self._align()

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        if event.key() == Qt.Key.Key_Escape:
            self.close()
        else:
            super().keyPressEvent(event)

    def _align(self) -> None:
        """All names as wide as the widest, so that the choices stand in one column."""
        wide = max(self.fontMetrics().horizontalAdvance(words) for words in _names().values())
        for one in self._labels.values():
            one.setMinimumWidth(wide + 4)

    def _offer(self) -> None:
        self._filling = True
        for name, options in _options().items():
            box = self.choices[name]
            box.clear()
            for value, words in options:
                box.addItem(words, value)
        self._filling = False

    def _fill(self, *_: object) -> None:
        """Show what is chosen."""
        self._filling = True
        for name, box in self.choices.items():
            place = box.findData(self.settings.get(name))
            if place < 0:
                box.addItem(str(self.settings.get(name)), self.settings.get(name))
                place = box.count() - 1
            box.setCurrentIndex(place)
        for name, check in self.checks.items():
            check.setChecked(self.settings.get(name))
        self.checks["blink"].setEnabled(self.settings.get("tray"))
        self.checks["close_to_tray"].setEnabled(self.settings.get("tray"))
        self._folder_hint.setText(said.name(str(self.settings.downloads)))
        self._filling = False

    def _chosen(self) -> None:
        box = self.sender()
        if not self._filling and isinstance(box, QComboBox):
            self.settings.set(str(box.property("key")), box.currentData())

    def _checked(self, on: bool) -> None:
        check = self.sender()
        if not self._filling and isinstance(check, QCheckBox):
            self.settings.set(str(check.property("key")), on)

    def _choose_folder(self) -> None:
        dialog = QFileDialog(self, tr("Folder for downloads"), str(self.settings.downloads))
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setFileMode(QFileDialog.FileMode.Directory)
        dialog.fileSelected.connect(self._folder_chosen)
        dialog.open()

    def _folder_chosen(self, folder: str) -> None:
        self.settings.set("download_folder", folder)

    def _build(self) -> None:
        page = QWidget()
        set_role(page, "window")
        inside = QVBoxLayout(page)
        inside.setContentsMargins(24, 20, 24, 24)
        inside.setSpacing(12)
        look, messages, notices, files, account = self._titles
        self._section(inside, look, ("theme", "font_size", "language"))
        self._section(inside, messages, ("send_with", "tabs"))
        inside.addWidget(notices)
        checks = QVBoxLayout()
        checks.setSpacing(2)
        for check in self.checks.values():
            checks.addWidget(check)
        inside.addLayout(checks)
        inside.addWidget(line())
        self._section(inside, files, ("auto_download_images_below",), last=self._folder_row())
        inside.addWidget(account)
        inside.addWidget(self.password, 0, Qt.AlignmentFlag.AlignLeft)
        inside.addStretch()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(Scrolled(page))

    def _section(
        self, layout: QVBoxLayout, title: QLabel, names: tuple[str, ...], last: QHBoxLayout | None = None
    ) -> None:
        layout.addWidget(title)
        form = QGridLayout()
        form.setHorizontalSpacing(24)
        form.setVerticalSpacing(8)
        form.setColumnStretch(1, 1)
        for row, name in enumerate(names):
            words = self._labels[name] = label()
            words.setBuddy(self.choices[name])
            form.addWidget(words, row, 0)
            form.addWidget(self.choices[name], row, 1)
        layout.addLayout(form)
        if last is not None:
            layout.addLayout(last)
        layout.addWidget(line())

    def _folder_row(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(12)
        row.addWidget(self._folder_hint, 1)
        row.addWidget(self.folder)
        return row


def _names() -> dict[str, str]:
    return {
        "theme": tr("Colours"),
        "font_size": tr("Size of the text"),
        "language": tr("Language"),
        "send_with": tr("Send with"),
        "tabs": tr("Open conversations"),
        "auto_download_images_below": tr("Fetch pictures by itself"),
    }


def _check_names() -> dict[str, str]:
    return {
        "notify": tr("Show notices of the desktop"),
        "dnd": tr("Do not disturb"),
        "tray": tr("Show an icon in the tray"),
        "blink": tr("The icon blinks while there is something unread"),
        "close_to_tray": tr("Go on in the tray when the main window is closed"),
    }


def _options() -> dict[str, list[tuple[object, str]]]:
    sizes: list[tuple[object, str]] = [(0, tr("Like the desktop"))]
    sizes += [(size, tr("{count} points", count=size)) for size in _SIZES[1:]]
    pictures: list[tuple[object, str]] = [(0, tr("Never"))]
    pictures += [(size, tr("Up to {size}", size=said.size(size))) for size in _PICTURES[1:]]
    return {
        "theme": [("system", tr("Like the desktop")), ("light", tr("Light")), ("dark", tr("Dark"))],
        "font_size": sizes,
        "language": [("system", tr("Like the desktop")), ("en", "English"), ("zh", "中文")],
        "send_with": [("enter", tr("Enter")), ("ctrl_enter", tr("Ctrl+Enter"))],
        "tabs": [(False, tr("Each in a window of its own")), (True, tr("As tabs in one window"))],
        "auto_download_images_below": pictures,
    }
