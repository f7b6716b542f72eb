"""What a file's card says, and what can be done with it. No painting: the menus ask here, too."""

from __future__ import annotations

from enum import Enum

from qtclient.i18n import tr
from qtclient.records import FileInfo, FileState, Kind, Message, Phase, TransferInfo
from qtclient.widgets import said


class Deed(Enum):
    """Something that can be done with a message or its file."""

    DOWNLOAD = "download"
    DECLINE = "decline"
    OPEN = "open"
    FOLDER = "folder"
    WATCH = "watch"
    PAUSE = "pause"
    RESUME = "resume"
    CANCEL = "cancel"
    AGAIN = "again"
    RETRY = "retry"
    DISCARD = "discard"
    COPY = "copy"
    MORE = "more"
    LESS = "less"
    LINK = "link"
    PICTURE = "picture"


def words(deed: Deed) -> str:
    """The name of a deed."""
    return {
        Deed.DOWNLOAD: tr("Download"),
        Deed.DECLINE: tr("Decline"),
        Deed.OPEN: tr("Open"),
        Deed.FOLDER: tr("Show in folder"),
        Deed.WATCH: tr("Look inside"),
        Deed.PAUSE: tr("Pause"),
        Deed.RESUME: tr("Resume"),
        Deed.CANCEL: tr("Cancel"),
        Deed.AGAIN: tr("Try again"),
        Deed.RETRY: tr("Try again"),
        Deed.DISCARD: tr("Remove"),
        Deed.COPY: tr("Copy text"),
        Deed.MORE: tr("Show more"),
        Deed.LESS: tr("Show less"),
        Deed.LINK: tr("Open link"),
        Deed.PICTURE: tr("View picture"),
    }[deed]


def deeds(message: Message, transfer: TransferInfo | None) -> list[Deed]:
    """What can be done with a file now, the likeliest first."""
    file = message.file
    if file is None:
        return []
    if transfer is not None and not transfer.phase.over:
        return _on_its_way(transfer)
    if file.path:
        return [Deed.OPEN, Deed.FOLDER]
    if (
        transfer is not None
        and transfer.phase in (Phase.FAILED, Phase.CANCELLED)
        and (message.mine or file.state.alive)
    ):
        return [Deed.AGAIN]
    if message.mine:
        return [Deed.CANCEL] if file.state in (FileState.WAITING, FileState.UPLOADING) else []
    if file.state.alive:
        open_ = message.key.kind is Kind.PEER and file.state is not FileState.COMPLETE  # later is too late
        return [Deed.DOWNLOAD, Deed.DECLINE] if open_ else [Deed.DOWNLOAD]
    return []


def status(message: Message, transfer: TransferInfo | None) -> str:
    """The second line of a card: size, and how far it is."""
    file = message.file
    assert file is not None
    whole = said.size(file.length)
    if transfer is not None and not transfer.phase.over:
        return transfer_status(transfer)
    if transfer is not None and transfer.phase is Phase.FAILED and not file.path:
        return said.text(transfer.problem).replace("\n", " ") or tr("{size} · failed", size=whole)
    if file.state is FileState.UPLOADING and file.length:
        return tr("{size} · {percent} % has been sent", size=whole, percent=100 * file.offset // file.length)
    return _state_line(file, message.mine, whole)


def transfer_status(transfer: TransferInfo) -> str:
    """How far a transfer is, and how fast."""
    whole, done = said.size(transfer.size), said.size(transfer.done)
    problem = said.text(transfer.problem).replace("\n", " ")
    if transfer.phase is Phase.PREPARING:
        return tr("{size} · preparing", size=whole)
    if transfer.phase is Phase.PAUSED:
        # After a start nobody knows how much the server has, until it goes on and asks.
        unknown = tr("{size} · paused", size=whole)
        return tr("{done} of {size} · paused", done=done, size=whole) if transfer.done else unknown
    if transfer.phase is Phase.WAITING:
        return problem or tr("{done} of {size} · waiting", done=done, size=whole)
    if transfer.phase is Phase.RUNNING:
        line = tr("{done} of {size}", done=done, size=whole)
        speed = tr("{size} a second", size=said.size(transfer.speed)) if transfer.speed > 0 else ""
        rest = said.left(transfer.left) if transfer.left is not None else ""
        return " · ".join(part for part in (line, speed, rest) if part)
    if transfer.phase is Phase.DONE:
        return tr("{size} · done", size=whole)
    if transfer.phase is Phase.CANCELLED:
        return tr("{size} · cancelled", size=whole)
    return problem or tr("{size} · failed", size=whole)


def share(message: Message, transfer: TransferInfo | None) -> float | None:
    """How full the bar is, 0 to 1; None for no bar."""
    file = message.file
    if transfer is not None and not transfer.phase.over:
        return min(1.0, transfer.done / transfer.size) if transfer.size else 0.0
    if file is not None and file.state is FileState.UPLOADING and file.length:
        return min(1.0, file.offset / file.length)
    return None


def _on_its_way(transfer: TransferInfo) -> list[Deed]:
    first = Deed.RESUME if transfer.phase is Phase.PAUSED else Deed.PAUSE
    watch = [Deed.WATCH] if not transfer.upload and transfer.done else []
    return [first, Deed.CANCEL, *watch]


def _state_line(file: FileInfo, mine: bool, whole: str) -> str:
    detail = said.name(file.detail)
    lines = {
        FileState.OFFERING: tr("{size} · preparing", size=whole),
        FileState.WAITING: tr("{size} · not sent yet", size=whole),
        FileState.COMPLETE: whole,
        FileState.DECLINED: tr("{size} · declined", size=whole),
        FileState.CANCELLED: tr("{size} · withdrawn", size=whole),
        FileState.EXPIRED: tr("{size} · expired", size=whole),
    }
    failed = tr("{size} · failed: {why}", size=whole, why=detail) if detail else tr("{size} · failed", size=whole)
    return lines.get(file.state, failed)
