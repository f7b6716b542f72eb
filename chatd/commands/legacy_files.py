"""Files for clients of the original system: raw ports in place of URLs (wire, section 3).

A legacy sender is answered when the file daemon has opened a port; legacy receivers are told the same port once the
sender has connected to it, as the original did. What a modern client sends, or what is sent to a group, comes to each
legacy receiver through a port of its own. The file daemon stores the bytes in any case.

Whatever comes from the file daemon runs in the loop of its connection, the rest where it says so.
"""

from __future__ import annotations

import logging
from dataclasses import replace
from functools import partial

from chatbase import files
from chatbase.engine import DatabaseUnavailable, Transaction
from chatbase.files import File
from chatbase.insisting import write
from chatd.commands import file_states
from chatd.commands.services import Services
from chatd.executor import ExecutorFull
from chatd.fair_queue import Payer
from chatd.registry.nodes import Session
from chatd.registry.raw_ports import RawPort
from chatd.registry.transfers import Report
from chatwire.codec import Object
from chatwire.commands import reply

log = logging.getLogger("chatd.files")

MOST_RECEIVERS = 8  # of one file that get a port: each is a thread of the file daemon


def ask_for_sender(services: Services, raw: RawPort) -> None:
    """A legacy client's offer is stored: have a port opened. The journal's thread."""
    addresses = sorted({session.peer.address for session in raw.receivers})
    request = {
        "file": raw.file.id, "role": "both" if addresses else "send",
        "senders": [raw.origin.peer.address], "receivers": addresses,
    }  # fmt: skip
    services.file_link.ask_port(request, partial(_sender_port, services, raw))


def ask_for_receivers(services: Services, file: File, from_user: str) -> None:
    """The first bytes are on their way: legacy sessions that have no part in a raw transfer get ports."""
    raw = services.raw_ports.find(file.id)
    done = set(raw.receivers) if raw else set()
    for session in [s for s in _legacy_receivers(services, file) if s not in done][:MOST_RECEIVERS]:
        request = {"file": file.id, "role": "receive", "senders": [], "receivers": [session.peer.address]}
        services.file_link.ask_port(request, partial(_receiver_port, services, file, from_user, session))


def receivers(services: Services, user_id: int | None, origin: Session) -> tuple[Session, ...]:
    """The legacy sessions of the one to whom a file is offered. Any thread."""
    sessions = services.online.sessions(user_id) if user_id is not None else ()
    return tuple(session for session in sessions if session.peer.legacy and session is not origin)


def connected(services: Services, file_id: str) -> None:
    """The sender has connected: now the receivers may."""
    raw = services.raw_ports.find(file_id)
    if raw is not None:
        services.push(raw.receivers, _announcement(raw.file, raw.origin.user.name, raw.port, raw.length))


def timed_out(services: Services, file_id: str) -> None:
    """The sender has not connected within the time that a port is open; what becomes of the file is told apart."""
    raw = services.raw_ports.remove(file_id)
    if raw is not None:
        services.push([raw.origin], reply("send_file", "timeout", raw.request_id))


def _legacy_receivers(services: Services, file: File) -> list[Session]:
    if file.recipient is not None:
        sessions = services.online.sessions(file.recipient)
    else:
        sessions = tuple(s for s in file_states.members(services, -file.conversation) if s.user.id != file.sender)
    return [session for session in sessions if session.peer.legacy]


def _sender_port(services: Services, raw: RawPort, port: int, detail: str) -> None:
    """The answer to `ask_for_sender`. Any thread."""
    if not port:
        services.push([raw.origin], reply("send_file", "busy", raw.request_id, detail=detail))
        _give_up(services, raw, detail)
        return
    services.raw_ports.add(replace(raw, port=port))
    obj: Object = {"cmd": "send_file_port_reply", "result": "success"}
    if raw.request_id is not None:
        obj["id"] = raw.request_id
    services.push([raw.origin], {**obj, "port": port, "filename": raw.path, "length": raw.length})


def _receiver_port(services: Services, file: File, from_user: str, session: Session, port: int, detail: str) -> None:
    """The answer to `ask_for_receivers`. Any thread."""
    if port:
        services.push([session], _announcement(file, from_user, port, file.size))
    else:
        log.warning("no port for a legacy receiver: user=%r reason=%s", session.user.name, detail)


def _announcement(file: File, from_user: str, port: int, length: int | str) -> Object:
    return {
        "cmd": "recv_file_port_reply", "port": port, "filename": file.name, "length": length, "from_user": from_user,
    }  # fmt: skip


def _give_up(services: Services, raw: RawPort, why: str) -> None:
    """Nobody can send the file any more: it has failed, unless the file daemon has seen to it. Any thread."""
    file, sender = raw.file, raw.origin

    def store(tx: Transaction) -> File | None:
        files.change(tx, file.id, files.FAILED, files.OPEN)
        return files.find(tx, file.id)

    def job() -> None:
        try:
            now = write(services.database, store)
        except DatabaseUnavailable as error:
            log.error("cannot give up a file, which will expire: error=%s", error)
            return
        if now is not None and not now.alive:
            file_states.over(services, file, Report(now.state, detail=why))

    try:
        services.work.submit(Payer(sender.user.name, sender.peer.address), job)
    except ExecutorFull:
        log.error("cannot give up a file, which will expire: too much waits")
