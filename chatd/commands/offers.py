"""Offers of files, as clients are shown them: with the file daemon's port, and with URLs while there is something."""

from __future__ import annotations

from collections.abc import Sequence

from chatbase import files
from chatbase.files import File
from chatd.commands.call import Call
from chatd.commands.peer import Peer
from chatd.delivery import BASE
from chatd.store.messages import OFFER
from chatwire.codec import Object, encode_open
from chatwire.commands import COMMANDS

PORT_REPLY = COMMANDS["send_file"].success


def shown(peer: Peer, messages: Sequence[Object]) -> list[Object]:
    """Messages from the database, as this client gets them."""
    return [_shown_offer(peer, message) if message["cmd"] == OFFER else message for message in messages]


def download_url(peer: Peer, file_id: str, length: int, state: str) -> Object:
    """The field `url` for a receiver, if there is one."""
    base = peer.files_base() if state in files.ALIVE else b""
    return {"url": base.decode() + peer.services.file_tickets.download(file_id, length)} if base else {}


def upload_url(peer: Peer, file: File) -> Object:
    """The same for the sender, by the name under which `get_file` shows it."""
    base = peer.files_base() if file.state in files.OPEN else b""
    return {"upload_url": base.decode() + peer.services.file_tickets.upload(file.id, file.size)} if base else {}


def push_open(call: Call, offer: Object) -> bytes:
    """A new offer as it is pushed, without its end; see `delivery` for what begins the URL."""
    services = call.services
    path = services.file_tickets.download(offer["file"], offer["length"])
    return _with_url(offer | {"port": services.file_link.port}, path)


def reply_open(call: Call, file: File) -> bytes:
    """The reply to a new offer, without its end."""
    obj: Object = {"cmd": PORT_REPLY}
    if call.request_id is not None:
        obj["id"] = call.request_id
    return _with_url(obj | _reply_fields(call, file), call.services.file_tickets.upload(file.id, file.size))


def repeated_reply(call: Call, file: File) -> Object:
    """The reply to an offer that was made before, with the same cid."""
    obj: Object = {"cmd": PORT_REPLY, "result": "success"}
    if call.request_id is not None:
        obj["id"] = call.request_id
    url = upload_url(call.peer, file)
    more: Object = {"url": url["upload_url"]} if url else {}
    return obj | _reply_fields(call, file) | more | {"mid": file.mid, "ts": file.created}


def _shown_offer(peer: Peer, message: Object) -> Object:
    url = download_url(peer, message["file"], message["length"], message["state"])
    return message | {"port": peer.services.file_link.port} | url


def _reply_fields(call: Call, file: File) -> Object:
    return {
        "port": call.services.file_link.port, "filename": file.name, "length": file.size, "file": file.id,
        "state": file.state,
    }  # fmt: skip


def _with_url(obj: Object, path: str) -> bytes:
    """A path of ours needs no escapes in JSON."""
    return b'%b,"url":"%b%b"' % (encode_open(obj), BASE, path.encode())
