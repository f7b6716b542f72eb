"""The words of an HTML fragment, for pasting. Qt's own reader would open what the fragment names.

Every step goes forward, and where something is never closed there is no second look for its end: the time is that of
one pass, whatever a page has put there.
"""

from __future__ import annotations

import html
import re

_TAG = re.compile(r"<(?:(/?[a-z][a-z0-9]*)|[!?])", re.IGNORECASE)
_IN_TAG = re.compile(r"[\"'>]")
_SPACE = re.compile(r"[ \t\n\r\f]+")
_UNSEEN = ("script", "style", "head", "title", "template", "noscript", "svg", "math", "iframe", "textarea", "select")
_LINES = frozenset((
    "address", "article", "aside", "blockquote", "dd", "div", "dl", "dt", "fieldset", "figcaption", "figure", "footer",
    "form", "h1", "h2", "h3", "h4", "h5", "h6", "header", "hr", "li", "main", "nav", "ol", "p", "pre", "section",
    "table", "tr", "ul",
))  # fmt: skip


def text_of(source: str) -> str:
    """Words, in lines where the fragment has lines."""
    reader = _Reader()
    place = 0
    while (found := _TAG.search(source, place)) is not None:
        reader.words(source[place : found.start()])
        place = _after(source, found, reader)
    reader.words(source[place:])
    return reader.text()


class _Reader:
    def __init__(self) -> None:
        self._parts: list[str] = []
        self._as_is = 0  # `pre` that are open
        self._fresh = True  # nothing stands in the line yet
        self._gap = False  # a space is due before the next word

    def words(self, raw: str) -> None:
        text = html.unescape(raw)
        if self._as_is:
            self._parts.append(text)
            self._fresh = self._fresh and not text
            return
        for number, word in enumerate(_SPACE.split(text)):
            self._gap = self._gap or number > 0
            if word:
                self._parts.append(" " + word if self._gap and not self._fresh else word)
                self._fresh = self._gap = False

    def tag(self, name: str) -> None:
        opened, plain = not name.startswith("/"), name.lstrip("/")
        if plain == "br" or (plain in _LINES and not self._fresh):
            self._parts.append("\n")
            self._fresh, self._gap = True, False
        elif plain in ("td", "th") and opened and not self._fresh:
            self._parts.append("\t")
            self._gap = False
        if plain == "pre":
            self._as_is = max(0, self._as_is + (1 if opened else -1))

    def text(self) -> str:
        return "".join(self._parts).strip("\n")


def _after(source: str, found: re.Match[str], reader: _Reader) -> int:
    """Where the text goes on behind a tag or comment."""
    if source.startswith("<!--", found.start()):
        return _behind(source, "-->", found.end())
    if found[1] is None:
        return _behind(source, ">", found.end())
    name, end = found[1].lower(), _tag_end(source, found.end())
    if name in _UNSEEN:
        closing = re.compile(f"</{name}", re.IGNORECASE).search(source, end)
        return _behind(source, ">", closing.end()) if closing else len(source)
    reader.tag(name)
    return end


def _tag_end(source: str, place: int) -> int:
    """Behind the ">" of a tag, which does not count between quotes."""
    while True:
        sign = _IN_TAG.search(source, place)
        if sign is None or sign[0] == ">":
            return sign.end() if sign is not None else len(source)
        closing = source.find(sign[0], sign.end())
        place = closing + 1 if closing >= 0 else sign.end()


def _behind(source: str, sign: str, place: int) -> int:
    found = source.find(sign, place)
    return found + len(sign) if found >= 0 else len(source)
