"""Colours that can be read, icons that are there, avatars that stay the same."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PyQt5.QtCore import QRectF
from PyQt5.QtGui import QColor, QImage, QPainter
from PyQt5.QtWidgets import QApplication, QCompleter, QLabel, QLineEdit, QTabBar, QToolButton

from qtclient.look import palette
from qtclient.look.avatar import GROUNDS, ground, initials, paint_avatar
from qtclient.look.colours import DARK, LIGHT, Colours, contrast
from qtclient.look.drawings import DRAWINGS
from qtclient.look.icons import app_icon, icon
from qtclient.look.theme import Theme
from qtclient.model.settings import Settings

_READ = [  # a text, and what it stands on
    ("text", "window"), ("text", "panel"), ("text", "surface"), ("text", "hover"), ("text", "selected"),
    ("muted", "window"), ("muted", "panel"), ("muted", "hover"), ("muted", "selected"),
    ("accent", "window"), ("accent", "panel"), ("accent", "surface"), ("accent", "theirs"), ("accent", "accent_soft"),
    ("on_accent", "accent"), ("on_button", "button"), ("on_button", "button_hover"), ("on_button", "quiet_badge"),
    ("on_mine", "mine"), ("mine_muted", "mine"), ("on_mine", "mine_soft"),
    ("on_theirs", "theirs"), ("theirs_muted", "theirs"), ("danger", "window"), ("danger", "panel"),
    ("warning", "warning_soft"), ("danger", "danger_soft"), ("on_mark", "mark"),
]  # fmt: skip


@pytest.mark.parametrize("colours", [LIGHT, DARK], ids=["light", "dark"])
def test_texts_can_be_read(colours: Colours) -> None:
    ratios = {(one, other): contrast(getattr(colours, one), getattr(colours, other)) for one, other in _READ}
    assert {pair: round(ratio, 2) for pair, ratio in ratios.items() if ratio < 4.5} == {}


def test_initials_can_be_read() -> None:
    assert {colour: contrast("#ffffff", colour) for colour in GROUNDS if contrast("#ffffff", colour) < 4.2} == {}


@pytest.mark.parametrize(
    ("name", "expected"),
    [("ann", "A"), ("Ben Carter", "BC"), ("王小明", "王"), ("jean-luc", "JL"), ("  ", "?"), ("", "?"), ("_x", "X")],
)
def test_initials(name: str, expected: str) -> None:
    assert initials(name) == expected
    assert ground(name) == ground(name)


def test_an_avatar_of_a_strange_name_is_painted(qapp: QApplication) -> None:
    image = QImage(40, 40, QImage.Format.Format_ARGB32)
    for name in ("\u202eevil", "\ud800", "a" * 5000, "\n", "👩‍👩‍👧"):
        painter = QPainter(image)
        paint_avatar(painter, QRectF(0, 0, 40, 40), name)
        painter.end()
        assert image.pixelColor(20, 2).alpha() > 0


@pytest.mark.parametrize("name", sorted(DRAWINGS))
def test_every_icon_is_drawn(qapp: QApplication, name: str) -> None:
    image = icon(name, "text").pixmap(24, 24).toImage()
    assert any(image.pixelColor(x, y).alpha() for x in range(image.width()) for y in range(image.height()))


@pytest.fixture
def theme(qapp: QApplication, profile: Path) -> Iterator[tuple[Theme, Settings]]:
    settings = Settings(profile)
    settings.set("theme", "light")
    theme = Theme(settings)
    theme.apply()
    yield theme, settings
    settings.set("theme", "light")
    settings.set("font_size", 0)
    theme.deleteLater()


def test_the_theme_is_switched_at_once(theme: tuple[Theme, Settings], qapp: QApplication) -> None:
    _, settings = theme
    words, sign = QLabel("x"), icon("send", "text")
    words.ensurePolished()
    before = sign.pixmap(16, 16).toImage()
    assert palette.now() is LIGHT
    settings.set("theme", "dark")
    assert palette.now() is DARK
    assert words.palette().windowText().color() == QColor(DARK.text)
    assert sign.pixmap(16, 16).toImage() != before
    words.deleteLater()


def test_the_size_of_the_text_is_switched_at_once(theme: tuple[Theme, Settings], qapp: QApplication) -> None:
    _, settings = theme
    words = QLabel("x")
    words.ensurePolished()
    settings.set("font_size", 20)
    assert words.font().pointSizeF() == 20
    settings.set("font_size", 9)
    assert words.font().pointSizeF() == 9
    words.deleteLater()


@pytest.mark.parametrize("wanted", ["light", "dark"])
def test_what_a_field_offers_can_be_read(theme: tuple[Theme, Settings], qapp: QApplication, wanted: str) -> None:
    """The names of accounts in the login window, of files in Qt's dialog: a list that is a window of its own."""
    _, settings = theme
    settings.set("theme", wanted)
    field, completer = QLineEdit(), QCompleter(["ann", "ben"])
    field.setCompleter(completer)
    field.show()
    completer.complete()
    popup = completer.popup()
    assert popup is not None
    popup.resize(200, 90)
    shown = popup.grab().toImage().pixelColor(150, 80)
    assert shown == QColor(palette.now().surface)
    popup.close()
    for one in (field, completer):
        one.deleteLater()


def test_the_arrows_beside_many_tabs_can_be_seen(theme: tuple[Theme, Settings], qapp: QApplication) -> None:
    bar = QTabBar()
    bar.resize(240, 40)
    for number in range(20):
        bar.addTab(f"somebody {number}")
    bar.setCurrentIndex(10)
    bar.show()
    qapp.processEvents()
    arrows = [one for one in bar.findChildren(QToolButton) if one.isVisible()]
    assert len(arrows) == 2
    for arrow in arrows:
        shown = arrow.grab().toImage()
        ground = shown.pixelColor(1, 1)
        spots = [(x, y) for x in range(shown.width()) for y in range(shown.height())]
        assert sum(shown.pixelColor(x, y) != ground for x, y in spots) > 12
    bar.close()
    bar.deleteLater()


def test_the_program_has_a_sign(qapp: QApplication) -> None:
    assert {size.width() for size in app_icon().availableSizes()} >= {16, 32, 64, 256}
