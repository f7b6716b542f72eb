"""Files for the tests, and what has become of them."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from pathlib import Path

from qtclient.model.session import Session
from qtclient.records import FileState, Key, Message, Phase, TransferInfo
from tests.qtclient.model.helpers import Heard, all_in
from tests.qtclient.support import qt_wait

BIG = 256 * 1024 * 1024  # bytes; some tenths of a second


def some_file(folder: Path, size: int, name: str = "a file.bin") -> Path:
    path = folder / name
    block = os.urandom(min(size, 1 << 20))
    with path.open("wb") as file:
        for start in range(0, size, len(block) or 1):
            file.write(block[: size - start])
    return path


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def only(session: Session, upload: bool) -> TransferInfo:
    [info] = [info for info in session.transfers() if info.upload is upload]
    return info


def done(session: Session, upload: bool) -> Callable[[], bool]:
    def is_done() -> bool:
        infos = [info for info in session.transfers() if info.upload is upload]
        assert not any(info.phase is Phase.FAILED for info in infos), infos
        return bool(infos) and all(info.phase is Phase.DONE for info in infos)

    return is_done


def offered(heard: Heard) -> Message:
    qt_wait(lambda: any(m.file for m, _ in heard.arrived), "a file is offered")
    return [m for m, _ in heard.arrived if m.file][-1]


def file_state(session: Session, key: Key) -> FileState | None:
    found = [m.file for m in all_in(session.messages(key)) if m.file]
    return found[-1].state if found else None


def downloads(folder: Path) -> Path:
    target = folder / "downloads"
    target.mkdir(exist_ok=True)
    return target


def paused_in_the_middle(session: Session, key: Key, path: Path) -> int:
    number = session.send_file(key, path)
    qt_wait(lambda: only(session, True).phase is Phase.RUNNING, "it runs")
    session.pause_transfer(number)
    return number
