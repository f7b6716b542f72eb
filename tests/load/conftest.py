"""Fixtures of the load test's own tests."""

from __future__ import annotations

from collections.abc import Iterator
from multiprocessing.resource_tracker import ensure_running

import pytest

from tests.conftest import assert_nothing_left, resources

PATIENCE = 20.0  # seconds; what is missing is named before pytest's own limit ends the test


@pytest.fixture
def all_ended() -> Iterator[None]:
    """Of a whole run no thread, descriptor or child is left."""
    ensure_running()  # multiprocessing's; it stays until the end of the tests
    before = resources()
    yield
    assert_nothing_left(before)
