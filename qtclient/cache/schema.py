"""The tables of an account's cache, and how one is opened."""

from __future__ import annotations

import sqlite3
from pathlib import Path

VERSION = 2
_WAIT = 0.3  # seconds for another program that has locked it: windows read it, and what is written is shown soon

_SINCE_2 = """
CREATE TABLE chosen (                      -- files to be sent, and not sent yet
    conversation INTEGER PRIMARY KEY,
    paths TEXT NOT NULL                    -- JSON
);
"""

_TABLES = f"""
CREATE TABLE meta (name TEXT PRIMARY KEY, value) WITHOUT ROWID;

CREATE TABLE conversations (
    id INTEGER PRIMARY KEY,
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    active INTEGER NOT NULL DEFAULT 0,     -- ts of what happened last; 0: it is in no list
    last INTEGER NOT NULL DEFAULT 0,       -- row of its newest message
    unread INTEGER NOT NULL DEFAULT 0,
    read_mid INTEGER NOT NULL DEFAULT 0,   -- what the user has read
    told_mid INTEGER NOT NULL DEFAULT 0,   -- and what of it the server knows
    peer_read INTEGER NOT NULL DEFAULT 0,  -- what the other one has read
    uncached INTEGER NOT NULL DEFAULT 0,   -- unread messages that are not in the cache yet, as the server counts
    muted INTEGER NOT NULL DEFAULT 0,
    draft TEXT NOT NULL DEFAULT '',
    UNIQUE (kind, name)
);
CREATE INDEX conversations_active ON conversations (active) WHERE active > 0;

CREATE TABLE messages (
    row INTEGER PRIMARY KEY,               -- the mid, or above all mids while there is none
    conversation INTEGER NOT NULL,
    mine INTEGER NOT NULL,
    sent INTEGER NOT NULL,
    ts INTEGER NOT NULL,
    cid TEXT NOT NULL,
    sender TEXT NOT NULL,
    text TEXT NOT NULL,
    file TEXT,
    problem TEXT NOT NULL DEFAULT ''
);
CREATE INDEX messages_conversation ON messages (conversation, row, mine);
CREATE UNIQUE INDEX messages_cid ON messages (cid) WHERE mine AND cid <> '';

CREATE TABLE files (
    file TEXT PRIMARY KEY,
    row INTEGER NOT NULL,
    name TEXT NOT NULL,
    length INTEGER NOT NULL,
    state TEXT NOT NULL,
    offset INTEGER NOT NULL DEFAULT 0,
    sha256 TEXT NOT NULL DEFAULT '',
    path TEXT NOT NULL DEFAULT '',
    detail TEXT NOT NULL DEFAULT ''
) WITHOUT ROWID;
CREATE INDEX files_unfinished ON files (row) WHERE state IN ('waiting', 'uploading');

CREATE TABLE ranges (                      -- of mids, in which a conversation is completely here: low < mid <= high
    conversation INTEGER NOT NULL,
    low INTEGER NOT NULL,
    high INTEGER NOT NULL,
    PRIMARY KEY (conversation, low)
) WITHOUT ROWID;

CREATE TABLE friends (name TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE groups (name TEXT PRIMARY KEY) WITHOUT ROWID;

CREATE TABLE transfers (
    id INTEGER PRIMARY KEY,
    upload INTEGER NOT NULL,
    kind TEXT NOT NULL,
    name TEXT NOT NULL,                    -- of the conversation
    cid TEXT NOT NULL,
    file TEXT NOT NULL,
    title TEXT NOT NULL,
    path TEXT NOT NULL,
    size INTEGER NOT NULL,
    mtime INTEGER NOT NULL,                -- of what is sent, ns since 1970
    sha256 TEXT NOT NULL,
    phase TEXT NOT NULL,
    problem TEXT NOT NULL
);

CREATE VIRTUAL TABLE search USING fts5 (place, pairs, content='', columnsize=0, tokenize='ascii', prefix='1');
{_SINCE_2}
"""


class TooNew(Exception):
    """The cache was written by a newer version of this program."""


def connect(path: Path) -> sqlite3.Connection:
    """Open a cache that may be used by another thread than the one that opens it, but by one at a time.

    Raises:
        sqlite3.Error: it cannot be opened, or is no database.
    """
    connection = sqlite3.connect(path, timeout=_WAIT, isolation_level=None, check_same_thread=False)
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        # The last commits may be lost with the power, never order or integrity; the server has them.
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute("PRAGMA cache_size = -3000")  # KiB
        connection.execute("PRAGMA temp_store = MEMORY")
    except BaseException:
        connection.close()
        raise
    return connection


def prepare(connection: sqlite3.Connection) -> bool:
    """Make the tables that are missing; returns whether it was empty.

    Raises:
        TooNew: it is for a newer program.
        sqlite3.Error: it is broken, or no database.
    """
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version > VERSION:
        raise TooNew
    if version == VERSION:
        connection.execute("SELECT count(*) FROM meta").fetchone()
        return False
    connection.executescript(
        f"BEGIN IMMEDIATE; {_SINCE_2 if version else _TABLES} PRAGMA user_version = {VERSION}; COMMIT;"
    )
    return not version
