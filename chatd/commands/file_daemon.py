"""file_daemon, file_report, file_port: what the file daemon says. Its connection has no session, deadline or rates."""

from __future__ import annotations

from dataclasses import replace

from chatbase import files
from chatd.commands import file_states, legacy_files
from chatd.commands.call import Call, Refusal
from chatd.commands.table import Later, Outcome, Where, handles
from chatd.registry.transfers import Report
from chatd.store import users

_DETAIL = 200  # characters that people are shown


@handles("file_daemon", Where.LOOP)
def file_daemon(call: Call) -> Outcome:
    """Attach the file daemon."""
    services = call.services
    if call.logged_in:
        raise Refusal("bad_request", detail="token: this connection is a user's")
    if not call.args["port"]:
        raise Refusal("bad_request", detail="port: must not be 0")
    if not services.file_tickets.is_daemon(call.args["token"]):
        raise Refusal("token_error")
    call.peer.file_daemon = True
    services.file_link.attach(call.peer, call.args["port"])
    return call.reply("success")


@handles("file_report", Where.LOOP)
def file_report(call: Call) -> Outcome:
    """Take over what has become of a file; one that nobody has spoken of for long is looked up first."""
    _check_daemon(call)
    services, args = call.services, call.args
    state, file_id = args["state"], args["file"]
    if state == "connected":
        legacy_files.connected(services, file_id)
    elif state == "timeout":
        if args.get("role", "send") == "send":
            legacy_files.timed_out(services, file_id)
    elif not _follow(call):
        return Later(_look_up)
    return call.reply("success")


@handles("file_port", Where.LOOP)
def file_port(call: Call) -> Outcome:
    """Pass on which port was opened."""
    _check_daemon(call)
    args = call.args
    call.services.file_link.answered(args["ref"], args["port"], args.get("detail", "refused")[:_DETAIL])
    return call.reply("success")


def _check_daemon(call: Call) -> None:
    if not call.services.file_link.is_daemon(call.peer):
        raise Refusal("forbidden")


def _follow(call: Call) -> bool:
    """False when the file is not known here."""
    services, args = call.services, call.args
    detail = args["detail"][:_DETAIL] if "detail" in args else None
    known = services.transfers.report(
        args["file"], Report(args["state"], args.get("offset"), args.get("sha256"), detail)
    )
    if known is None:
        return False
    file, from_user, began = known
    if began:
        legacy_files.ask_for_receivers(services, file, from_user)
    if args["state"] not in files.OPEN:
        services.raw_ports.remove(file.id)
    file_states.changed(services, file.id)
    return True


def _look_up(call: Call) -> Outcome:
    """A work thread."""
    with call.services.database.transaction() as tx:
        file = files.find(tx, call.args["file"])
        if file is None:
            raise Refusal("file_not_exist")
        names = users.names(tx, [file.sender] if file.sender is not None else [])
    if file.state == call.args["state"] == files.UPLOADING and not call.args.get("offset"):
        file = replace(file, state=files.WAITING)  # these are the first bytes
    call.services.transfers.add(file, names.get(file.sender or 0, ""), untold=True)
    _follow(call)
    return call.reply("success")
