"""Links in texts, also in such as were made to keep the finder busy."""

from __future__ import annotations

import pytest

from qtclient.widgets import links
from qtclient.widgets.links import Link, find_links

WIKI = "https://en.wikipedia.org/wiki/Test_(river)"


@pytest.mark.parametrize(
    ("text", "urls"),
    [
        (f"see {WIKI}.", [WIKI]),
        (f"({WIKI})", [WIKI]),
        ("(https://a.example/x)", ["https://a.example/x"]),
        ("https://a.example/((x))))!", ["https://a.example/((x))"]),
        ("https://a.example/x)]}'\"", ["https://a.example/x"]),
        ("http://a.example, 😀 https://b.example?", ["http://a.example", "https://b.example"]),
        ("https://user:secret@a.example https://" + "a" * 5000, []),
    ],
)
def test_links_end_before_the_sentence_does(text: str, urls: list[str]) -> None:
    assert [link.url for link in find_links(text)] == urls


def test_places_are_counted_as_qt_counts() -> None:
    assert find_links("😀 https://a.example 😀 https://b.example") == [
        Link(3, 17, "https://a.example"),
        Link(24, 17, "https://b.example"),
    ]


class Counted(str):
    """Counts the signs that are looked at or copied."""

    looked = 0

    def count(self, *sign: object) -> int:
        Counted.looked += len(self)
        return super().count(*sign)  # type: ignore[arg-type]

    def __getitem__(self, place: object) -> str:
        found = super().__getitem__(place)  # type: ignore[index]
        Counted.looked += len(found)
        return Counted(found)


@pytest.mark.parametrize("tail", [")" * 16_000, "()" * 8_000, ")." * 8_000, "'" * 16_000])
def test_brackets_are_looked_at_once(tail: str) -> None:
    """16,000 of them took 0.23 s."""
    url = Counted("https://a.example/" + tail)
    Counted.looked = 0
    links._trimmed(url)
    assert Counted.looked <= 5 * len(url)


def test_many_links_are_counted_once(monkeypatch: pytest.MonkeyPatch) -> None:
    counted = 0
    units = links._units

    def counting(text: str) -> int:
        nonlocal counted
        counted += len(text)
        return units(text)

    monkeypatch.setattr(links, "_units", counting)
    text = "http://a.b " * 1_400
    assert len(find_links(text)) == 1_400
    assert counted <= 2 * len(text)
