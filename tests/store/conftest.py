"""What the tests of the store have in common."""

from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def never_idle(monkeypatch: pytest.MonkeyPatch) -> None:
    """The journal merges nothing because it is idle, so that commits can be counted; tests of it undo that."""
    monkeypatch.setattr("chatd.store.journal.IDLE", 3600.0)
