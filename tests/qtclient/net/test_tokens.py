"""Tokens in a keyring that works, in one that does not, and in a file."""

from __future__ import annotations

from pathlib import Path

import keyring.backend
import keyring.errors
import pytest

from qtclient.net.tokens import Tokens
from qtclient.records import ServerAddress

SERVER = ServerAddress("a", 1)


class Ring(keyring.backend.KeyringBackend):
    """In memory. ``locked``: nothing goes in or out."""

    priority = 5

    def __init__(self) -> None:
        self.kept: dict[tuple[str, str], str] = {}
        self.locked = False

    def _check(self) -> None:
        if self.locked:
            raise keyring.errors.KeyringLocked

    def set_password(self, service: str, username: str, password: str) -> None:
        self._check()
        self.kept[service, username] = password

    def get_password(self, service: str, username: str) -> str | None:
        self._check()
        return self.kept.get((service, username))

    def delete_password(self, service: str, username: str) -> None:
        self._check()
        del self.kept[service, username]


@pytest.fixture
def ring(monkeypatch: pytest.MonkeyPatch) -> Ring:
    made = Ring()
    monkeypatch.setattr(keyring, "get_keyring", lambda: made)
    return made


def test_a_keyring_that_works(ring: Ring, profile: Path) -> None:
    tokens = Tokens(profile)
    tokens.keep(SERVER, "ann", "secret")
    tokens.close()
    assert Tokens(profile).has(SERVER, "ann")
    assert Tokens(profile).get(SERVER, "ann") == "secret"
    assert "secret" not in (profile / "tokens.json").read_text()
    tokens.forget(SERVER, "ann")
    tokens.close()
    assert not ring.kept
    assert Tokens(profile).get(SERVER, "ann") == ""


def test_a_keyring_that_is_locked(ring: Ring, profile: Path) -> None:
    ring.locked = True
    tokens = Tokens(profile)
    tokens.keep(SERVER, "ann", "secret")
    tokens.close()
    assert Tokens(profile).get(SERVER, "ann") == "secret", "it is in the file"
    tokens.forget(SERVER, "ann")
    ring.locked = False
    tokens.keep(SERVER, "ann", "other")
    tokens.close()
    ring.locked = True
    assert tokens.get(SERVER, "ann") == ""


def test_no_keyring(profile: Path) -> None:
    tokens = Tokens(profile)
    for user in ("ann", "ben"):
        tokens.keep(SERVER, user, f"secret of {user}")
    tokens.close()
    assert [Tokens(profile).get(SERVER, user) for user in ("ann", "ben", "cay")] == [
        "secret of ann",
        "secret of ben",
        "",
    ]


@pytest.mark.parametrize("text", ["", "nonsense", "[]", '{"ann@a:1": 5}'])
def test_a_file_of_nonsense(profile: Path, text: str) -> None:
    (profile / "tokens.json").write_text(text)
    assert Tokens(profile).get(SERVER, "ann") == ""
    tokens = Tokens(profile)
    tokens.keep(SERVER, "ann", "secret")
    tokens.close()
    assert tokens.get(SERVER, "ann") == "secret"
