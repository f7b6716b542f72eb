"""Texts as they are sorted and looked for."""

from __future__ import annotations

from functools import lru_cache

from chatwire import folding


@lru_cache(20_000)
def folded(text: str) -> str:
    """A text without case and width."""
    return folding.folded(text)
