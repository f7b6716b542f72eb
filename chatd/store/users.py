"""Accounts and resume tokens."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from chatbase.clock import Clock, now_ms
from chatbase.engine import Transaction


@dataclass(frozen=True)
class Account:
    """One row of `users`. ``password`` is an argon2 hash, ``acked`` the mid up to which the user has everything."""

    id: int
    name: str
    password: str
    acked: int


def create(tx: Transaction, name: str, password_hash: str) -> int:
    """Make an account and return its id. Raises Conflict when the name is taken."""
    return tx.insert("INSERT INTO users (name, password, created) VALUES (?, ?, ?)", name, password_hash, now_ms())


def by_name(tx: Transaction, name: str) -> Account | None:
    """The account of that exact name, or None."""
    row = tx.row("SELECT id, name, password, acked FROM users WHERE name = ?", name)
    return Account(*row) if row else None


def id_of(tx: Transaction, name: str) -> int | None:
    """The id of a user, or None."""
    row = tx.row("SELECT id FROM users WHERE name = ?", name)
    return int(row[0]) if row else None


def set_password(tx: Transaction, user_id: int, password_hash: str) -> None:
    """Store another hash."""
    tx.execute("UPDATE users SET password = ? WHERE id = ?", password_hash, user_id)


def hash_token(token: str) -> bytes:
    """What is stored of a token. A token is random and long, so a plain hash is enough."""
    return hashlib.sha256(token.encode()).digest()


def add_token(tx: Transaction, token_hash: bytes, account: Account, clock: Clock, lifetime_s: int) -> bool:
    """Store a token, unless the password is not any more the account's; the user's expired ones go at the same time.

    They are looked for without a lock: a DELETE that finds nothing locks the place where a token of this or another
    user belongs, so that two who log in for the first time would wait for each other. And they are looked for last:
    the look fixes what the transaction sees, and a user's row that has changed since may not be locked any more.
    """
    stored = tx.execute(
        "INSERT INTO tokens (hash, user_id, expires) SELECT ?, id, ? FROM users WHERE id = ? AND password = ?",
        token_hash, clock.latest() + lifetime_s * 1000, account.id, account.password,
    )  # fmt: skip
    over = tx.rows("SELECT hash FROM tokens WHERE user_id = ? AND expires <= ?", account.id, clock.earliest())
    for (expired,) in over:
        drop_token(tx, expired)
    return stored > 0


def by_token(tx: Transaction, token_hashes: Sequence[bytes], clock: Clock) -> dict[bytes, tuple[Account, int]]:
    """Whom valid tokens belong to: for each hash the account, and when the token expires (ms)."""
    now = clock.earliest()
    rows = tx.rows_among(
        "SELECT t.hash, t.expires, u.id, u.name, u.password, u.acked FROM tokens t JOIN users u ON u.id = t.user_id"
        " WHERE t.hash IN (?)",
        token_hashes,
    )
    return {bytes(row[0]): (Account(*row[2:]), row[1]) for row in rows if row[1] > now}


def names(tx: Transaction, user_ids: Sequence[int]) -> dict[int, str]:
    """The names of users, by id."""
    return dict(tx.rows_among("SELECT id, name FROM users WHERE id IN (?)", user_ids))


def existing(tx: Transaction, wanted: Sequence[str]) -> set[str]:
    """Those among the names that users have."""
    return {name for (name,) in tx.rows_among("SELECT name FROM users WHERE name IN (?)", wanted)}


def extend_token(tx: Transaction, token_hash: bytes, clock: Clock, lifetime_s: int) -> None:
    """Let a token that is in use live on."""
    tx.execute("UPDATE tokens SET expires = ? WHERE hash = ?", clock.latest() + lifetime_s * 1000, token_hash)


def drop_token(tx: Transaction, token_hash: bytes) -> None:
    """Revoke one token."""
    tx.execute("DELETE FROM tokens WHERE hash = ?", token_hash)


def drop_all_tokens(tx: Transaction, user_id: int) -> None:
    """Revoke every token of a user."""
    tx.execute("DELETE FROM tokens WHERE user_id = ?", user_id)
