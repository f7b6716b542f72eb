"""Rows of the tables as records."""

from __future__ import annotations

import re
from typing import Any

from qtclient.records import NOT_STORED, Conversation, FileInfo, FileState, Kind, Message, Sent, key

PREVIEW = 200  # characters
_SPACE = re.compile(r"\s+")

MESSAGE = """
    SELECT m.row, c.kind, c.name, c.peer_read, m.cid, m.sender, m.mine, m.text, m.ts, m.sent, m.problem,
        f.file, f.name, f.length, f.state, f.offset, f.sha256, f.path, f.detail
    FROM messages m JOIN conversations c ON c.id = m.conversation LEFT JOIN files f ON f.file = m.file
"""
"""To be followed by WHERE; what it selects is for `message`."""

CONVERSATION = f"""
    SELECT c.kind, c.name, c.active, c.unread, c.muted, c.draft, m.sender, substr(m.text, 1, {PREVIEW}), f.name
    FROM conversations c LEFT JOIN messages m ON m.row = c.last LEFT JOIN files f ON f.file = m.file
"""


def message(row: tuple[Any, ...]) -> Message:
    """What `MESSAGE` selects."""
    number, kind, name, peer_read, cid, sender, mine, text, ts, sent, problem, file = row[:12]
    mid = number if number < NOT_STORED else 0
    state = Sent(sent)
    if mine and kind == "peer" and 0 < mid <= peer_read:
        state = Sent.READ
    info = None
    if file is not None:
        title, length, fate, offset, sha256, path, detail = row[12:]
        info = FileInfo(file, title, length, FileState(fate), offset, sha256, path, detail)
    return Message(number, key(Kind(kind), name), mid, cid, sender, bool(mine), text, ts, state, info, problem)


def one_line(text: str) -> str:
    """The beginning of a text, for lists."""
    return _SPACE.sub(" ", text[:PREVIEW]).strip()


def conversation(row: tuple[Any, ...]) -> Conversation:
    """What `CONVERSATION` selects; nobody is online yet."""
    kind, name, active, unread, muted, draft, sender, text, file = row
    preview = one_line(file or text or "")
    return Conversation(
        key(Kind(kind), name), preview, sender or "", active, unread, bool(muted), draft, preview_is_file=bool(file)
    )
