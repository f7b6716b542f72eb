"""Sessions on real daemons that come and go."""

from __future__ import annotations

import pytest

from chatwire import resilient
from chatwire.transfer import attempts
from qtclient.net import inquiry, moving


@pytest.fixture(autouse=True)
def quick_attempts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits long for what a test has started again."""
    monkeypatch.setattr(resilient, "LONGEST_DELAY", 0.5)
    monkeypatch.setattr(attempts, "LONGEST_DELAY", 0.5)
    monkeypatch.setattr(moving, "_REST", 0.5)
    monkeypatch.setattr(inquiry, "_REST", 0.5)
