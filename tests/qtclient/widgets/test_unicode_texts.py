"""Texts in which something is invisible: sequences stay whole, and links read as they are."""

from __future__ import annotations

import pytest
from PyQt5.QtGui import QFont
from PyQt5.QtWidgets import QApplication

from qtclient.look import emoji_font
from qtclient.widgets import said, texts
from qtclient.widgets.links import find_links
from qtclient.widgets.measures import Measures

ENGLAND = "\U0001f3f4\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f"


@pytest.mark.parametrize(
    "sign",
    [ENGLAND, "\u2194\ufe0f", "\u2139\ufe0f", "1\ufe0f\u20e3", "\U0001f469\U0001f3fd\u200d\U0001f680", "\U0001fa77"],
)
def test_a_sequence_is_one_sign_in_one_font(qapp: QApplication, monkeypatch: pytest.MonkeyPatch, sign: str) -> None:
    """Else the flag of England is a black one, with the rest of it in another font."""
    monkeypatch.setattr(emoji_font, "family", lambda: "Some Emoji")
    text = texts.lay_out(f"from {sign}!", 300, Measures(QFont()), whole=True, link_colour="#000000")
    assert text.shown == f"from {sign}!"
    [emoji] = [part for part in text.layout.formats() if part.format.fontFamily() == "Some Emoji"]
    assert (emoji.start, emoji.length) == (5, len(sign.encode("utf-16-le")) // 2)


@pytest.mark.parametrize("turn", ["\u202e", "\u2067", "\u202b", "\u2069"])
def test_no_link_goes_on_behind_a_turn_of_the_direction(turn: str) -> None:
    for text in (f"http://a.example/{turn}gpj.b", f"http://a.example/{turn}gpj.b\u2069\u202c"):
        assert [link.url for link in find_links(said.text(text))] == ["http://a.example/"]


def test_tabs_stay() -> None:
    assert said.text("a\tb\r\nc\x9d") == "a\tb\nc\ufffd"
    assert said.name("a\tb\nc") == "a    b c"
    assert said.name("x" * 300) == "x" * 254 + "…"
