"""What a screen reader says about a message."""

from __future__ import annotations

from qtclient.i18n import tr
from qtclient.records import Message, Sent

_STATES: dict[Sent, str] = {
    Sent.WAITING: "waiting for a connection",
    Sent.SENDING: "being sent",
    Sent.STORED: "sent",
    Sent.DELIVERED: "delivered",
    Sent.READ: "read",
    Sent.FAILED: "not sent",
}


def spoken(message: Message) -> str:
    """Who says it, and what has become of it."""
    said = tr("File {name}", name=message.file.name) if message.file else message.text
    if not message.mine:
        return f"{message.sender}: {said}"
    parts = [tr("You: {said}", said=said), tr(_STATES[message.sent]), message.problem]
    return ", ".join(part for part in parts if part)
