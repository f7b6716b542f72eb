"""Links in texts: found, and opened only when they are harmless, by the desktop."""

from __future__ import annotations

import re
from dataclasses import dataclass

from PyQt5.QtCore import QUrl
from PyQt5.QtGui import QDesktopServices

_LINK = re.compile(r"(?i)\bhttps?://[^\s<>\"“”‘’「」『』（）【】，。；！？、\u202a-\u202e\u2066-\u2069\ufffd]+")
_TRAILING = ".,;:!?'\")]}"
_LONGEST = 4096


@dataclass(frozen=True)
class Link:
    """Where in the text, counted in Qt's UTF-16 units, and where to."""

    start: int
    length: int
    url: str


def find_links(text: str) -> list[Link]:
    """The http and https links of a text."""
    if "://" not in text:
        return []
    found, units, end = [], 0, 0
    for match in _LINK.finditer(text):
        units += _units(text[end : match.start()])
        end = match.start()
        url = _trimmed(match[0])
        if allowed(url):
            found.append(Link(units, _units(url), url))
    return found


def allowed(url: str) -> bool:
    """Whether it may be opened: http or https, with a host, without a password in it, of a sane length."""
    if len(url) > _LONGEST:
        return False
    parsed = QUrl(url, QUrl.ParsingMode.StrictMode)
    known = parsed.isValid() and parsed.scheme().lower() in ("http", "https")
    return known and bool(parsed.host()) and not parsed.userInfo()


def plainly(url: str) -> str:
    """How the link really reads: letters of other scripts that look like ours in a host's name are shown as xn--."""
    return bytes(QUrl(url).toEncoded()).decode("ascii", "replace")


def open_link(url: str) -> bool:
    """Have the desktop open it. False: it may not be opened, or nothing there can."""
    return allowed(url) and QDesktopServices.openUrl(QUrl(url))


def _trimmed(url: str) -> str:
    """Without the signs that end the sentence around it; a bracket that was opened in it is its own."""
    end, unopened = len(url), url.count(")") - url.count("(")
    while end and url[end - 1] in _TRAILING:
        if url[end - 1] == ")":
            if unopened <= 0:
                break
            unopened -= 1
        end -= 1
    return url[:end]


def _units(text: str) -> int:
    return len(text.encode("utf-16-le", "surrogatepass")) // 2
