"""The daemon is killed again and again in the middle of uploads and downloads: what is taken up again is right."""

from __future__ import annotations

import hashlib
import random
import threading

import pytest

from chatbase import files
from tests.filed.conftest import FiledProcessFactory
from tests.support.filing import BODY, TUS, FiledProcess, Offer, patch_headers, sha256, some_bytes
from tests.support.http_peer import CutOff, Ended
from tests.support.waiting import wait_until

STRIKES = 5  # kills in the middle of an upload, and as many of a download, in each of two combinations
MOST_KILLS = 40  # if there were not enough strikes by then, something is wrong
SIZES = (1, 70_000, 3_000_000, 20_000_000, 20_000_000)
PIECE = 100_000  # bytes; after each an actor counts
BROKEN = (CutOff, Ended, OSError)


class Actor(threading.Thread):
    """Somebody who comes back after every kill. ``moved`` counts bytes, over all lives."""

    def __init__(self, filed: FiledProcess, name: str, seed: int) -> None:
        super().__init__(name=name, daemon=True)
        self.filed = filed
        self.moved = 0
        self.finished = 0
        self.taken_up = 0  # times that a transfer that had been struck went on from the middle
        self.failure: BaseException | None = None
        self.up = threading.Event()
        self.over = threading.Event()
        self.random = random.Random(f"{seed}-{name}")

    def run(self) -> None:
        try:
            while not self.over.is_set():
                if self.up.wait(0.1):
                    self.transfer()
        except BaseException as error:
            self.failure = error

    def transfer(self) -> None:
        """One whole transfer, over as many lives of the daemon as it takes."""
        raise NotImplementedError


class Uploader(Actor):
    """Uploads one file after the other."""

    def __init__(self, filed: FiledProcess, name: str, seed: int, *, announced: bool) -> None:
        super().__init__(filed, name, seed)
        self.announced = announced
        self.files: list[tuple[Offer, bytes]] = []
        self._struck = False

    def transfer(self) -> None:
        data = some_bytes(self.random.choice(SIZES), len(self.files))
        offer = self.filed.offer(len(data), announced=sha256(data) if self.announced else None)
        self.files.append((offer, data))
        while not self._go_on(offer, data):
            self.up.wait(1)
        self.finished += 1

    def _go_on(self, offer: Offer, data: bytes) -> bool:
        """Ask where it is, and send the rest; true when it is complete."""
        try:
            return self._send_rest(offer, data)
        except BROKEN:
            self._struck = True
            return False

    def _send_rest(self, offer: Offer, data: bytes) -> bool:
        with self.filed.connect() as peer:
            answer = peer.ask("HEAD", offer.up, TUS)
            assert answer.status == 200
            offset = int(answer.headers["upload-offset"])
            if offset == len(data):
                return True
            self.taken_up += self._struck and offset > 0
            self._struck = False
            end = len(data) if self.random.random() < 0.7 else self.random.randrange(offset, len(data)) + 1
            peer.say("PATCH", offer.up, {**patch_headers(offset), "Content-Length": str(end - offset)}, None)
            for start in range(offset, end, PIECE):
                peer.send(data[start : min(start + PIECE, end)])
                self.moved += PIECE
            answer = peer.answer()
            assert answer.status in (204, 423), answer
            return answer.status == 204 and end == len(data)


class Downloader(Actor):
    """Downloads the same file again and again; what it has is kept over the kills."""

    def __init__(self, filed: FiledProcess, name: str, seed: int, offer: Offer, digest: str) -> None:
        super().__init__(filed, name, seed)
        self.offer = offer
        self.digest = digest

    def transfer(self) -> None:
        got = bytearray()
        while len(got) < self.offer.size:
            try:
                self._receive_rest(got)
            except BROKEN:
                self.up.wait(1)
        assert hashlib.sha256(got).hexdigest() == self.digest
        self.finished += 1

    def _receive_rest(self, got: bytearray) -> None:
        with self.filed.connect(receive_buffer=65536) as peer:
            self.taken_up += len(got) > 0  # nothing else interrupts it
            peer.say("GET", self.offer.down, {"Range": f"bytes={len(got)}-", "If-Range": f'"{self.offer.id}"'})
            assert peer.head().status == 206
            while len(got) < self.offer.size:
                got += peer.read(min(PIECE, self.offer.size - len(got)))
                self.moved += PIECE


@pytest.mark.parametrize(
    ("engine", "tls", "announced"),
    [("sqlite", True, False), ("mariadb", False, True)],
    ids=["sqlite-tls", "mariadb-plain-announced"],
)
def test_what_is_taken_up_again_after_kills_is_right(make_filed_process: FiledProcessFactory, announced: bool) -> None:
    seed = random.SystemRandom().randrange(2**32)
    filed = make_filed_process()
    data = some_bytes(20_000_000)
    stored = filed.offer(len(data), announced=sha256(data))
    assert filed.ask("POST", "/files/?" + stored.up.partition("?")[2],
        {**BODY, "Upload-Length": str(len(data))}, data).status == 201  # fmt: skip
    uploaders = [Uploader(filed, f"up-{number}", seed, announced=announced) for number in range(2)]
    actors = [*uploaders, Downloader(filed, "down", seed, stored, sha256(data))]
    kills = _kill_again_and_again(filed, actors, random.Random(seed))
    counts = {actor.name: (actor.taken_up, actor.finished) for actor in actors}
    print(f"\nseed={seed} kills={kills}; taken up, finished: {counts}")
    for offer, content in (pair for uploader in uploaders for pair in uploader.files):
        wait_until(lambda o=offer: filed.row(o).sha256 is not None, "it is hashed")  # type: ignore[misc]
        assert (filed.state(offer), filed.row(offer).sha256) == (files.COMPLETE, sha256(content))
        assert filed.ask("GET", offer.down).body == content
    filed.assert_tidy()


def _kill_again_and_again(filed: FiledProcess, actors: list[Actor], chance: random.Random) -> int:
    """Let everybody work, and kill until both kinds have been struck often enough; returns the number of kills."""
    kills = 0
    for actor in actors:
        actor.up.set()
        actor.start()
    try:
        while not _struck(actors):
            _await(actors, chance)
            _kill(filed, actors)
            kills += 1
            assert kills < MOST_KILLS
    finally:
        for actor in actors:
            actor.over.set()
        for actor in actors:
            actor.join(60)
    for actor in actors:
        if actor.failure is not None:
            raise actor.failure
        assert not actor.is_alive()
    return kills


def _struck(actors: list[Actor]) -> bool:
    *uploaders, downloader = actors
    return sum(actor.taken_up for actor in uploaders) >= STRIKES and downloader.taken_up >= STRIKES


def _await(actors: list[Actor], chance: random.Random) -> None:
    """Until somebody has moved so many bytes: any moment of a transfer, its very beginning and end, too."""
    chosen = chance.choice(actors)
    goal = chosen.moved + int(10 ** chance.uniform(5, 7.3))
    wait_until(lambda: chosen.moved >= goal or any(actor.failure for actor in actors), "the transfers go on")


def _kill(filed: FiledProcess, actors: list[Actor]) -> None:
    for actor in actors:
        actor.up.clear()
    filed.kill()
    filed.start()
    for actor in actors:
        actor.up.set()
