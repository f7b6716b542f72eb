"""The words of the client: English in the code, other languages by a catalogue. GUI thread only.

A switch of the language takes effect where words are asked for next; windows ask again when Qt tells them of a
``LanguageChange``.
"""

from __future__ import annotations

import locale
import os

from qtclient.i18n.zh import WORDS as _ZH

LANGUAGES = ("en", "zh")
_CATALOGUES: dict[str, dict[str, str]] = {"en": {}, "zh": _ZH}
_now = "en"


def tr(text: str, /, **values: object) -> str:
    """A text in the language of the user, its ``{fields}`` filled in."""
    said = _CATALOGUES[_now].get(text, text)
    return said.format(**values) if values else said


def ntr(one: str, many: str, count: int, /, **values: object) -> str:
    """The same with a number: ``one`` for 1 in languages with a plural, else ``many``, which the catalogue knows."""
    if _now == "en" and count == 1:
        return one.format(count=count, **values)
    return tr(many, count=count, **values)


def language() -> str:
    """The language now: one of `LANGUAGES`."""
    return _now


def set_language(wanted: str) -> None:
    """Switch to ``en`` or ``zh``; anything else, such as ``system``, means the language of the desktop."""
    global _now
    _now = wanted if wanted in LANGUAGES else system_language()


def system_language() -> str:
    """What the environment asks for; English where it asks for something that is not here."""
    for variable in ("LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG"):
        value = os.environ.get(variable, "")
        if value:
            return "zh" if value.lower().startswith("zh") else "en"
    return "zh" if (locale.getlocale()[0] or "").lower().startswith(("zh", "chinese")) else "en"
