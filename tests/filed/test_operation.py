"""The daemon as its operator sees it: start, stop, options, clocks, memory."""

from __future__ import annotations

import logging
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import psutil
import pytest

from chatbase import files
from chatbase.options import ConfigError
from filed.config import load
from tests.filed.conftest import FiledFactory, FiledProcessFactory
from tests.support.combinations import BOTH, PLAIN, TRANSPORTS
from tests.support.filing import TUS, FiledProcess, Offer, RunningFiled, patch_headers, sha256, some_bytes
from tests.support.running import ROOT
from tests.support.waiting import DEADLINE, wait_until

MIB = 2**20
SIZE = 1_000_000


def _run(data: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a daemon that is not expected to start."""
    return subprocess.run(
        [sys.executable, "-m", "filed", "--data", str(data), "--listen", "127.0.0.1:0", *arguments],
        cwd=ROOT, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip


def _one_line(result: subprocess.CompletedProcess[str], words: str) -> None:
    assert (result.returncode, result.stdout) == (2, "")
    lines = [line for line in result.stderr.splitlines() if " INFO " not in line]
    assert len(lines) == 1
    assert lines[0].startswith("filed: ")
    assert words in lines[0]


@BOTH
def test_a_signal_in_the_middle_of_transfers(make_filed_process: FiledProcessFactory) -> None:
    filed = make_filed_process()
    data = some_bytes(SIZE)
    complete, arriving = filed.upload(data), filed.offer(SIZE, announced=sha256(data))
    writer, reader, idle, stuck = filed.connect(), filed.connect(), filed.connect(), filed.connect(receive_buffer=4096)
    writer.say("PATCH", arriving.up, {**patch_headers(0), "Content-Length": str(SIZE)}, data[:500_000])
    reader.say("GET", arriving.down)
    assert reader.head().status == 200
    assert reader.read(500_000) == data[:500_000]
    stuck.say("GET", complete.down)
    assert filed.terminate() == 0
    assert reader.until_the_end() == (b"", True)
    assert idle.until_the_end()[0] == b""
    assert "Traceback" not in filed.log()
    assert "stopped" in filed.log()
    filed.start()
    assert filed.offset(arriving) == 500_000
    filed.resume(arriving, data)
    assert filed.ask("GET", complete.down).body == data
    assert filed.terminate() == 0
    filed.assert_tidy()


@PLAIN
def test_two_signals_and_the_other_one(make_filed_process: FiledProcessFactory) -> None:
    filed = make_filed_process()
    offer = filed.upload(b"hello")
    for numbers in ((signal.SIGINT,), (signal.SIGINT, signal.SIGTERM, signal.SIGTERM), (signal.SIGTERM, signal.SIGINT)):
        assert filed.end(*numbers) == (0, "")
        filed.start()
        assert filed.ask("GET", offer.down).body == b"hello"


@PLAIN
def test_the_ready_line_is_all_that_stands_on_standard_output(make_filed_process: FiledProcessFactory) -> None:
    filed = make_filed_process("--log-level", "debug")
    offer = filed.upload(b"hello", name="a secret name")
    assert filed.ask("GET", offer.down).body == b"hello"
    assert filed.end(signal.SIGTERM) == (0, "")
    log = filed.log()
    assert f"complete: file={offer.id} bytes=5" in log
    for secret in ("a secret name", offer.up.partition("=")[2], offer.down.partition("=")[2], filed.secret.decode()):
        assert secret not in log


@PLAIN
def test_a_second_daemon_on_the_same_folder(make_filed: FiledFactory, tmp_path: Path) -> None:
    make_filed()
    _one_line(_run(tmp_path), f"another filed is using {tmp_path}")


def test_what_cannot_be_used_is_one_line(tmp_path: Path) -> None:
    garbage = tmp_path / "garbage"
    garbage.write_text("this is neither a folder nor a certificate")
    cases = [
        (("--listen", "203.0.113.1:0"), "cannot listen on 203.0.113.1:0: "),
        (("--no-such-option",), "--no-such-option"),
        (("--database", "oracle:///x"), "a database URL is"),
        (("--database", f"sqlite:///{tmp_path}/no/such/folder/x.db"), "cannot use the database"),
        (("--tls-cert", str(garbage), "--tls-key", str(garbage)), "cannot use the certificate"),
        (("--data", str(garbage)), "cannot use the data folder"),
    ]
    for arguments, words in cases:
        _one_line(_run(tmp_path, *arguments), words)


def test_options_that_make_no_sense(tmp_path: Path) -> None:
    cases = [
        (("--listen", "nowhere"), "no HOST:PORT"),
        (("--listen", "127.0.0.1:65536"), "no HOST:PORT"),
        (("--chatd", "nowhere"), "no HOST:PORT"),
        (("--max-connections", "0"), "must be from 1 to 10000"),
        (("--idle-timeout", "soon"), "--idle-timeout"),
        (("--stall-timeout", "0"), "must be from 0.1 to 3600 seconds"),
        (("--keep-days", "0"), "must be from 1 to 36500"),
        (("--max-file", "-1"), "must be from 1 to"),
        (("--raw-ports", "5-4"), "empty range of ports"),
        (("--raw-ports", "a-b"), "no range of ports"),
        (("--tls-cert", "x.pem"), "go together"),
    ]
    for arguments, words in cases:
        with pytest.raises(ConfigError) as caught:
            load(["--data", str(tmp_path), *arguments])
        assert words in str(caught.value)
        assert "\n" not in str(caught.value)


@BOTH
def test_a_clock_that_jumps(make_filed: FiledFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    filed = make_filed("--idle-timeout", "5", "--stall-timeout", "5", patrol=0.02)
    data = some_bytes(SIZE)
    kept, resting = filed.upload(b"hello"), filed.offer(SIZE)
    assert filed.patch(resting, 0, data[:1]).status == 204
    offer = filed.offer(SIZE, announced=sha256(data))
    reader, writer = filed.connect(), filed.connect()
    reader.say("GET", offer.down)
    assert reader.head().status == 200
    writer.say("PATCH", offer.up, {**patch_headers(0), "Content-Length": str(SIZE)})
    real, looks = time.time, threading.Semaphore(0)
    expire = filed.server._caretaker._expire

    def look() -> None:
        expire()
        looks.release()

    monkeypatch.setattr(filed.server._caretaker, "_expire", look)
    for number, step in enumerate((0, -5 * 86400, 40 * 86400, -40 * 365 * 86400, 3600)):
        monkeypatch.setattr(time, "time", lambda step=step: real() + step)
        assert looks.acquire(timeout=DEADLINE)
        assert looks.acquire(timeout=DEADLINE)  # it has looked at that time
        assert filed.ask("GET", kept.down).body == b"hello"
        piece = data[number * 200_000 : (number + 1) * 200_000]
        writer.send(piece)
        assert reader.read(200_000) == piece
    assert writer.answer().status == 204
    monkeypatch.undo()
    assert [filed.state(one) for one in (offer, kept, resting)] == [files.COMPLETE, files.COMPLETE, files.UPLOADING]


def _resident(filed: FiledProcess) -> int:
    return int(psutil.Process(filed.pid).memory_info().rss)


def _upload_zeros(filed: FiledProcess, offer: Offer) -> None:
    with filed.connect() as peer:
        peer.say("PATCH", offer.up, {**patch_headers(0), "Content-Length": str(offer.size)})
        for _ in range(offer.size // MIB):
            peer.send(bytes(MIB))
        assert peer.answer().status == 204


def _download_zeros(filed: FiledProcess, offer: Offer) -> None:
    with filed.connect() as peer:
        peer.say("GET", offer.down)
        assert peer.head().status == 200
        for _ in range(offer.size // MIB):
            assert peer.read(MIB) == bytes(MIB)


@TRANSPORTS
def test_memory_does_not_depend_on_the_size_of_a_file(make_filed_process: FiledProcessFactory) -> None:
    filed = make_filed_process()
    small, large = filed.offer(8 * MIB), filed.offer(256 * MIB)
    _upload_zeros(filed, small)
    _download_zeros(filed, small)
    wait_until(lambda: filed.row(small).sha256, "it is hashed")
    before = _resident(filed)
    _upload_zeros(filed, large)
    _download_zeros(filed, large)
    wait_until(lambda: filed.row(large).sha256, "it is hashed")
    assert _resident(filed) - before < 4 * MIB


@PLAIN
def test_memory_of_64_connections_at_work(make_filed_process: FiledProcessFactory) -> None:
    filed = make_filed_process()
    data = some_bytes(16 * MIB)
    offer = filed.upload(data)
    before = _resident(filed)
    readers = [filed.connect(receive_buffer=65536) for _ in range(32)]
    for reader in readers:
        reader.say("GET", offer.down)
        assert reader.read(MIB)
    uploads = [(filed.connect(), filed.offer(MIB, announced=sha256(data[:MIB]))) for _ in range(32)]
    for writer, upload in uploads:
        writer.say("PATCH", upload.up, {**patch_headers(0), "Content-Length": str(MIB)}, data[: MIB // 2])
    for _, upload in uploads:
        wait_until(lambda u=upload: filed.offset(u) == MIB // 2, "half has arrived")  # type: ignore[misc]
    at_work = _resident(filed)
    for writer, _ in uploads:
        writer.send(data[MIB // 2 : MIB])
        assert writer.answer().status == 204
    print(f"\n{before / MIB:.1f} MiB before, {at_work / MIB:.1f} MiB with 64 at work")
    assert (at_work - before) / 64 < MIB / 2
    assert at_work < 64 * MIB


@PLAIN
def test_a_database_that_was_removed(filed: RunningFiled, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    offer = filed.offer(5)
    assert filed.ask("HEAD", offer.up, TUS).status == 200
    filed.index.close()
    filed._index = None
    (tmp_path / "chat.db").rename(tmp_path / "elsewhere")
    shutil.copy(tmp_path / "elsewhere", tmp_path / "chat.db")
    wait_until(lambda: filed.ask("HEAD", offer.up, TUS).status == 503, "it is noticed")
    assert filed.patch(offer, 0, b"hello").status == 503
    (tmp_path / "elsewhere").replace(tmp_path / "chat.db")
    wait_until(lambda: filed.ask("HEAD", offer.up, TUS).status == 200, "it goes on")
    filed.resume(offer, b"hello")
    lines = [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]
    assert [line.partition(":")[0] for line in lines if "database" in line] == [
        "the database was removed or replaced while it is open", "the database is in its place again, and goes on",
    ]  # fmt: skip
