"""Which engines and transports a test runs on: all where it may matter, fewer where it cannot."""

from __future__ import annotations

import pytest

BOTH = pytest.mark.parametrize(
    ("engine", "tls"), [("sqlite", False), ("mariadb", True)], ids=["sqlite-plain", "mariadb-tls"]
)
"""Each engine once and each transport once."""

TRANSPORTS = pytest.mark.parametrize(
    ("engine", "tls"), [("sqlite", False), ("sqlite", True)], ids=["sqlite-plain", "sqlite-tls"]
)
ENGINES = pytest.mark.parametrize(
    ("engine", "tls"), [("sqlite", False), ("mariadb", False)], ids=["sqlite-plain", "mariadb-plain"]
)
PLAIN = pytest.mark.parametrize(("engine", "tls"), [("sqlite", False)], ids=["sqlite-plain"])
SECURE = pytest.mark.parametrize(("engine", "tls"), [("sqlite", True)], ids=["sqlite-tls"])
MARIADB = pytest.mark.parametrize(("engine", "tls"), [("mariadb", False)], ids=["mariadb-plain"])
