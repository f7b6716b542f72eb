"""Texts as they are sorted and looked for."""

from __future__ import annotations

import unicodedata
from functools import lru_cache


@lru_cache(20_000)
def folded(text: str) -> str:
    """A text without case and width."""
    return text.lower() if text.isascii() else unicodedata.normalize("NFKC", text).casefold()
