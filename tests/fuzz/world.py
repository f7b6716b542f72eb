"""Both daemons in processes of their own, a pair whom they serve, and what attackers must not change."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

import psutil

from chatwire.client import Client
from chatwire.codec import Object
from tests.support.filing import FiledProcess, patch_headers, some_bytes
from tests.support.running import ServerProcess
from tests.support.waiting import DEADLINE, wait_until

GROWTH = 64 * 2**20  # bytes that a daemon may keep
SLACK = 24  # descriptors and threads that pools may still make
FILE = some_bytes(100_000)
_LINE = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} (DEBUG|INFO|WARNING) [\w.]+ \[[^\]]+\] ", re.ASCII)


class World:
    """``chat`` and ``files`` know of each other. The main thread's, but for `offer` and the addresses."""

    def __init__(self, database: str, data: Path, tls: bool) -> None:
        self.chat = ServerProcess(database, data, tls)
        self.files = FiledProcess(database, data, tls)
        self.ann, self.ben = self.chat.friends("ann", "ben")
        self._data = data
        self._served = 0
        self._read = 0  # of the log
        wait_until(self._linked, "the file daemon has connected")
        for _ in range(10):
            self.serve()
        self._chatd, self._filed = psutil.Process(self._pid()), psutil.Process(self.files.pid)
        self._before = {process: _held(process) for process in (self._chatd, self._filed)}

    def close(self) -> None:
        """End all, and see that the daemons end in order."""
        self.chat.close()
        self.files.close()
        codes = self.files.terminate(), self.chat.terminate()
        assert codes == (0, 0), f"exit codes {codes}"
        self._read_log()

    def abandon(self) -> None:
        """The same after a failure."""
        for daemon in (self.chat, self.files):
            daemon.close()
            daemon.stop()

    # -- the neighbours ----------------------------------------------------------

    def serve(self) -> None:
        """One says something to the other, and sends a file, which the other downloads."""
        self._served += 1
        text = f"dear ben, {self._served}"
        assert self.ann.private_chat("ben", text)["result"] == "success"
        _until(self.ben, lambda push: push.get("text") == text)
        request = self.ann.send("send_file", to_user="ben", filename="a.bin", length=len(FILE))
        mine = _until(self.ann, lambda push: push.get("id") == request)
        theirs = _until(self.ben, lambda push: push.get("file") == mine["file"])
        status = self.files.ask("PATCH", _path(mine), patch_headers(0), FILE).status
        assert status == 204, f"the neighbour's upload: {status}"
        answer = self.files.ask("GET", _path(theirs))
        assert (answer.status, answer.body) == (200, FILE), f"the neighbour's download: {answer.status}"
        assert self.ann.request("cancel_file", file=mine["file"])["result"] == "success"

    # -- what must hold ----------------------------------------------------------

    def assert_sound(self) -> None:
        """Both run, their logs are free of errors, and once the attackers have gone nothing of them is held."""
        self._read_log()
        try:
            wait_until(lambda: not self._excess(), "what attackers have used is given back")
        except AssertionError as error:
            raise AssertionError(f"{error}: {self._excess()}") from None

    def memory(self) -> dict[str, int]:
        """Bytes by which each has grown since the beginning."""
        return {
            name: process.memory_info().rss - self._before[process][2]
            for name, process in (("chatd", self._chatd), ("filed", self._filed))
        }

    def assert_small(self) -> None:
        """Neither has grown beyond its bound."""
        grown = self.memory()
        assert max(grown.values()) <= GROWTH, f"memory that is kept: {grown}"

    def _excess(self) -> list[str]:
        """What is held beyond what was held before. Connections are counted exactly, pools have some slack."""
        expected = {self._chatd: (self.chat.port, 3), self._filed: (self.files.port, 0)}
        found = []
        for process, (port, own) in expected.items():
            here = [c for c in process.net_connections("tcp") if c.laddr.port == port and c.status != "LISTEN"]
            if len(here) != own:
                peers = " ".join(f"{c.raddr.ip} {c.status}" for c in here[:9] if c.raddr)
                found.append(f"{len(here)} connections to port {port} in place of {own}: {peers}")
            for what, before, now in zip(
                ("descriptors", "threads"), self._before[process], _held(process), strict=False
            ):
                if now > before + SLACK:
                    found.append(f"{process.name()} {process.pid} holds {now} {what}; {before} before")
        return found

    def _read_log(self) -> None:
        """One event is one line; nothing that was sent forges one, and none is an error."""
        with (self._data / "stderr.log").open("rb") as log:
            log.seek(self._read)
            whole, end, _ = log.read().rpartition(b"\n")
        self._read += len(whole + end)
        lines = whole.decode(errors="replace").split("\n")
        wrong = [line for line in lines if line and (not _LINE.match(line) or "Traceback" in line)]
        assert not wrong, "in the logs:\n" + "\n".join(wrong[:20])

    def _linked(self) -> bool:
        reply = self.ann.request("send_file", to_user="ben", filename="a", length=1)
        if "file" in reply:
            self.ann.expect("cancel_file", file=reply["file"])
        return "file" in reply

    def _pid(self) -> int:
        assert self.chat.process is not None
        return self.chat.process.pid


def _held(process: psutil.Process) -> tuple[int, int, int]:
    return process.num_fds(), process.num_threads(), process.memory_info().rss


def _until(client: Client, wanted: Callable[[Object], bool]) -> Object:
    """The first push that is wanted; strangers say other things meanwhile."""
    while (push := client.next_push(DEADLINE)) is not None:
        if wanted(push):
            return push
    raise AssertionError("a neighbour waits in vain")


def _path(offer: Object) -> str:
    assert "url" in offer, f"a neighbour's file: {offer}"
    parts = urlsplit(str(offer["url"]))
    return f"{parts.path}?{parts.query}"
