"""Pasted pictures and previews: which are removed when the client starts, and which never."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from qtclient.cache import own_files
from qtclient.cache.own_files import PASTED, PICTURES, OwnFiles
from qtclient.cache.transfers import Kept
from qtclient.net.opening import open_account
from qtclient.records import Phase
from tests.qtclient.cache.helpers import ANN, Book, login, offered


class Folders:
    """The files of an account, and a cache that names some of them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.book = Book(folder / "cache.db")
        self.book.welcome(login())
        self._ages = iter(range(1, 1000))

    def put(self, part: str, name: str, size: int = 10) -> str:
        """Each is younger than the one before."""
        path = self.folder / part / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"x" * size)
        os.utime(path, ns=(0, next(self._ages) * 1_000_000_000))
        return str(path)

    def message(self, mid: int, path: str, state: str = "complete") -> None:
        self.book.arrive(offered(mid, f"f{mid}", state=state))
        with self.book.do():
            self.book.ledger.messages.file_path(f"f{mid}", path)

    def transfer(self, number: int, path: str, phase: Phase, *, upload: bool = True) -> None:
        with self.book.do():
            self.book.ledger.transfers.put(Kept(number, upload, ANN, "c", "f", "t", path, 1, 1, "", phase, ""))

    def clean(self, files: OwnFiles | None = None) -> set[str]:
        """What is left."""
        files = files or OwnFiles(self.folder)
        with self.book.do():
            files.clean(self.book.ledger)
        return {path.name for part in (PICTURES, PASTED) for path in (self.folder / part).glob("*")}

    def path_of(self, mid: int) -> str:
        message = self.book.ledger.messages.by_file(f"f{mid}")
        assert message is not None
        assert message.file is not None
        return message.file.path


@pytest.fixture
def folders(tmp_path: Path) -> Iterator[Folders]:
    made = Folders(tmp_path)
    yield made
    made.book.close()


def test_what_nothing_names_goes(folders: Folders) -> None:
    for part in (PICTURES, PASTED):
        folders.put(part, "forgotten.png")
    folders.put(PICTURES, "stopped.png.abc.part")
    outside = folders.put("downloads", "mine.png")
    folders.message(1, folders.put(PICTURES, "shown.png"))
    assert folders.clean() == {"shown.png"}
    assert os.path.exists(outside)


def test_what_is_still_to_be_sent_or_fetched_stays(folders: Folders, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(own_files, "LIMIT", 0)
    draft = folders.put(PASTED, "draft.png")
    with folders.book.do():
        folders.book.ledger.conversations.set_chosen(ANN, [draft, "/elsewhere/x"], 1)
    folders.transfer(1, folders.put(PASTED, "paused.png"), Phase.PAUSED)
    folders.transfer(2, folders.put(PASTED, "failed.png"), Phase.FAILED)
    folders.transfer(3, str(folders.folder / PICTURES / "arriving.png"), Phase.RUNNING, upload=False)
    folders.put(PICTURES, "arriving.png.abc.part")
    folders.message(1, folders.put(PASTED, "uploading.png"), "uploading")
    stay = {"draft.png", "paused.png", "failed.png", "arriving.png.abc.part", "uploading.png"}
    assert folders.clean() == stay


def test_beyond_the_limit_the_oldest_go_and_their_messages_know(
    folders: Folders, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(own_files, "LIMIT", 30)
    for mid in range(1, 6):
        folders.message(mid, folders.put(PICTURES if mid % 2 else PASTED, f"{mid}.png"))
    assert folders.clean() == {"3.png", "4.png", "5.png"}
    assert [bool(folders.path_of(mid)) for mid in range(1, 6)] == [False, False, True, True, True]
    assert folders.clean() == {"3.png", "4.png", "5.png"}


def test_what_comes_after_the_start_is_not_touched(folders: Folders) -> None:
    files = OwnFiles(folders.folder)
    folders.put(PASTED, "pasted a moment ago.png")
    assert folders.clean(files) == {"pasted a moment ago.png"}


def test_a_profile_that_was_moved_keeps_its_files(folders: Folders) -> None:
    folders.put(PASTED, "1.png")
    folders.message(1, f"/old/place/{PASTED}/1.png")
    assert folders.clean() == {"1.png"}


def test_links_are_no_files_of_ours(folders: Folders) -> None:
    target = folders.put("downloads", "x.png")
    folders.put(PASTED, "y.png")
    (folders.folder / PASTED / "link.png").symlink_to(target)
    assert folders.clean() == {"link.png"}


def test_a_cache_that_is_new_decides_nothing(tmp_path: Path) -> None:
    """Somebody removed it: what was pasted may be all that is left."""
    opened = open_account(tmp_path, "me")
    assert opened.own_files is None
    opened.close()


def test_ids_of_transfers_go_on_whatever_the_clock_says(folders: Folders) -> None:
    folders.transfer(7_000_000_000, "", Phase.RUNNING)
    opened = open_account(folders.folder, "me")
    assert opened.own_files is not None
    assert opened.last_transfer == 7_000_000_000
    opened.close()
