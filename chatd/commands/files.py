"""send_file, get_file, decline_file, cancel_file.

An offer is a message without text, stored together with the file's row, so that it has a place in the conversation, in
the history and among what was missed. The bytes are the file daemon's matter.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from chatbase import files
from chatbase.engine import CommitUncertain, Transaction
from chatbase.files import File
from chatbase.insisting import write
from chatd.commands import file_states, legacy_files, offers
from chatd.commands.call import Call, Refusal
from chatd.commands.chat import known_user
from chatd.commands.journaled import message
from chatd.commands.table import OnLoop, Outcome, Where, handles
from chatd.registry.file_link import AWAY
from chatd.registry.nodes import GroupNode
from chatd.registry.raw_ports import RawPort
from chatd.registry.transfers import Report
from chatd.store import groups, messages, users
from chatd.store.records import ChatRecord, Offer
from chatwire.codec import Object, encode_open
from chatwire.commands import reply_name
from chatwire.fields import Digits

MOST_FILES = 10_000  # living ones of a user, however small


@dataclass(frozen=True)
class _Target:
    """To whom a file is offered: a user, or a group."""

    conversation: int
    recipient: int | None = None
    group: GroupNode | None = None


@handles("send_file", Where.WORK)
def send_file(call: Call) -> Outcome:
    """Offer a file."""
    services, sender = call.services, call.session.user.id
    largest = services.settings.max_file
    if call.args["length"] > largest:
        raise Refusal("too_large", limit=largest, detail="file")
    if not services.file_link.present:
        raise Refusal("busy", detail=AWAY)
    cid = None if call.peer.legacy else call.args.get("cid")  # a legacy client could not be answered a second time
    file_id = services.file_tickets.new_id(sender, cid)
    if cid is not None:
        services.journal.make_readable()
    with services.database.transaction() as tx:
        known = _offered_before(tx, sender, cid, file_id) if cid is not None else None
        if known is not None:
            return offers.repeated_reply(call, known)
        target = _target(tx, call)
        _check_room(tx, call)
    if call.peer.legacy and target.recipient is not None and not services.online.sessions(target.recipient):
        raise Refusal("offline")
    record = _record(call, target, file_id, cid)
    return OnLoop(lambda call: _submit(call, target, record))


@handles("get_file", Where.WORK)
def get_file(call: Call) -> Outcome:
    """How far a file is, and fresh URLs."""
    peer = call.peer
    with call.services.database.transaction() as tx:
        file = _of_mine(tx, call)
        names = users.names(tx, [user for user in (file.sender, file.recipient) if user is not None])
        group = groups.name_of(tx, -file.conversation) if file.recipient is None else None
    digest = file.sha256 or file.announced
    mine = file.sender == call.session.user.id
    return call.reply(
        "success",
        **{"file": file.id, "filename": file.name, "length": file.size, "state": file.state},
        offset=call.services.transfers.offset(file),
        **({"sha256": digest} if digest else {}),
        **offers.download_url(peer, file.id, file.size, file.state),
        **(offers.upload_url(peer, file) if mine else {}),
        port=call.services.file_link.port,
        from_user=names.get(file.sender or 0, ""),
        **({"to_user": names.get(file.recipient or 0, "")} if group is None else {"group": group}),
        **{"mid": file.mid, "ts": file.created},
    )


@handles("decline_file", Where.WORK)
def decline_file(call: Call) -> Outcome:
    """Refuse a file that was offered to me; one that a group was offered stays there for the others."""
    services, user = call.services, call.session.user
    with services.database.transaction() as tx:
        file = _of_mine(tx, call)
    if file.sender == user.id != file.recipient:
        raise Refusal("forbidden", detail="file: it is yours; use cancel_file")
    if file.recipient is not None:
        _end(call, file, files.DECLINED, files.OPEN, by=user.name)
        return call.reply("success", file=file.id, state=files.DECLINED)
    if not file.alive:
        raise Refusal("file_over", file=file.id, state=file.state)
    push: Object = {
        "cmd": "file_state", "file": file.id, "state": files.DECLINED, "offset": services.transfers.offset(file),
        "length": file.size, "user": user.name,
    }  # fmt: skip
    sessions = services.online.sessions(file.sender or 0)
    services.push([session for session in sessions if not session.peer.legacy], push)
    return call.reply("success", file=file.id, state=file.state)


@handles("cancel_file", Where.WORK)
def cancel_file(call: Call) -> Outcome:
    """Take back a file that I have offered."""
    with call.services.database.transaction() as tx:
        file = _of_mine(tx, call)
    if file.sender != call.session.user.id:
        raise Refusal("not_sender")
    _end(call, file, files.CANCELLED, files.ALIVE)
    return call.reply("success", file=file.id, state=files.CANCELLED)


def _offered_before(tx: Transaction, sender: int, cid: str, file_id: str) -> File | None:
    """The file of an offer that is being repeated."""
    known = files.find(tx, file_id)
    if known is None and messages.find_cids(tx, [(sender, cid.encode())]):
        raise Refusal("bad_request", detail="cid: was that of another message")
    return known


def _target(tx: Transaction, call: Call) -> _Target:
    user, args = call.session.user, call.args
    if "group" in args:
        node = user.groups.get(args["group"])
        if node is None:
            raise Refusal("not_in_group" if groups.by_name(tx, args["group"]) else "group_not_exist")
        return _Target(messages.group(node.id), group=node)
    user_id = known_user(call, args["to_user"])
    if user_id is None:
        user_id = users.id_of(tx, args["to_user"])
    if user_id is None:
        raise Refusal("user_not_exist")
    return _Target(messages.private(user.id, user_id), recipient=user_id)


def _check_room(tx: Transaction, call: Call) -> None:
    """Raise Refusal when the user has too much. Two offers at one moment may both pass; the file daemon looks, too."""
    quota = call.services.settings.quota
    count, used = files.usage(tx, call.session.user.id)
    if used + call.args["length"] > quota:
        raise Refusal("too_large", limit=quota, used=used, detail="quota")
    if count >= MOST_FILES:
        raise Refusal("limit_reached", detail="file: you have too many")


def _record(call: Call, target: _Target, file_id: str, cid: str | None) -> ChatRecord:
    args, sender = call.args, call.session.user
    file = File(
        file_id, None, target.conversation, sender.id, target.recipient, str(args["filename"]), int(args["length"]),
        args.get("sha256"), None, files.WAITING, 0, 0,
    )  # fmt: skip
    refusal: Object = {"cmd": reply_name(call.command.name)}
    if call.request_id is not None:
        refusal["id"] = call.request_id
    offer = Offer(file, encode_open(refusal), partial(_stored, call), call.services.clock.latest())
    push = messages.offer_object(file, sender.name, args.get("to_user"), args.get("group"), cid)
    return ChatRecord(
        call.session, target.conversation, target.recipient, target.group, None if cid is None else cid.encode(), "",
        offers.push_open(call, push), offers.reply_open(call, file), offer,
    )  # fmt: skip


def _submit(call: Call, target: _Target, record: ChatRecord) -> None:
    """The connection's loop."""
    if target.group is not None and call.session.user.groups.get(call.args["group"]) is not target.group:
        raise Refusal("not_in_group")
    message(call.peer, record)


def _stored(call: Call, file: File) -> None:
    """The journal's thread: the offer is stored, and on its way to all concerned."""
    services, session = call.services, call.session
    if services.transfers.add(file, session.user.name) and session.peer.legacy:
        length = call.args["length"]
        shown = str(length) if isinstance(length, Digits) else file.size
        receivers = legacy_files.receivers(services, file.recipient, session)
        path = call.args["filename"].path
        legacy_files.ask_for_sender(services, RawPort(file, session, receivers, path, shown, call.request_id))


def _of_mine(tx: Transaction, call: Call) -> File:
    """The file of a request. Raises Refusal unless it concerns the user."""
    file = files.find(tx, call.args["file"])
    if file is None or file.mid is None or not _concerns(tx, file, call.session.user.id):
        raise Refusal("file_not_exist")
    return file


def _concerns(tx: Transaction, file: File, user_id: int) -> bool:
    if user_id in (file.sender, file.recipient):
        return True
    return file.recipient is None and groups.is_member(tx, -file.conversation, user_id)


def _end(call: Call, file: File, state: str, permitted: Sequence[str], by: str | None = None) -> None:
    """Bring a file to its end, and tell everybody. Raises Refusal when it is too late."""
    services = call.services
    try:
        done, now = write(
            services.database, lambda tx: (files.change(tx, file.id, state, permitted), files.find(tx, file.id))
        )
    except CommitUncertain:
        with services.database.transaction() as tx:
            now = files.find(tx, file.id)
        done = now is not None and now.state == state
        if not done:
            raise
    if not done:
        raise Refusal("file_over", file=file.id, state=now.state if now else file.state)
    file_states.over(services, file, Report(state, by=by))
