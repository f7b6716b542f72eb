"""The link to chatd: what is told there and when, and that no transfer ever waits for it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from chatbase import files
from filed import link
from tests.filed.conftest import FiledFactory
from tests.support.chatd_side import ChatdSide
from tests.support.combinations import ENGINES, PLAIN
from tests.support.filing import TUS, RunningFiled, patch_headers, sha256, some_bytes
from tests.support.waiting import wait_until

DATA = some_bytes(100_000)


@pytest.fixture
def chatd(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ChatdSide]:
    """Made before the daemon, closed after it."""
    monkeypatch.setattr(link, "FIRST_DELAY", 0.01)
    monkeypatch.setattr(link, "LONGEST_DELAY", 0.05)
    side = ChatdSide(tmp_path)
    yield side
    side.close()


@pytest.fixture
def linked(chatd: ChatdSide, make_filed: FiledFactory) -> RunningFiled:
    """A daemon that is connected to it."""
    filed = make_filed("--chatd", f"127.0.0.1:{chatd.port}")
    wait_until(lambda: chatd.hellos, "it is connected")
    return filed


@ENGINES
def test_what_becomes_of_files_is_told(chatd: ChatdSide, linked: RunningFiled) -> None:
    assert chatd.hellos[0]["port"] == linked.port
    offer = linked.offer(len(DATA), announced=sha256(DATA))
    assert linked.patch(offer, 0, DATA[:1000]).status == 204
    chatd.wait_told(offer.id, files.UPLOADING, offset=0)
    assert linked.patch(offer, 1000, DATA[1000:]).status == 204
    chatd.wait_told(offer.id, files.UPLOADING, offset=1000)
    chatd.wait_told(offer.id, files.COMPLETE, offset=len(DATA), sha256=sha256(DATA))
    assert len(chatd.told(offer.id, files.COMPLETE)) == 1

    unannounced = linked.upload(DATA)
    chatd.wait_told(unannounced.id, files.COMPLETE, offset=len(DATA), sha256=sha256(DATA))
    assert "sha256" not in chatd.told(unannounced.id, files.COMPLETE)[0]  # it was complete before that was known

    wrong = linked.offer(5, announced=sha256(b"hello"))
    assert linked.patch(wrong, 0, b"hallo").status == 460
    chatd.wait_told(wrong.id, files.FAILED, detail="hash_mismatch")

    taken_back = linked.offer(5)
    assert linked.ask("DELETE", taken_back.up, TUS).status == 204
    chatd.wait_told(taken_back.id, files.CANCELLED)

    over = linked.offer(5, life=-1)
    linked.server._caretaker._expire()
    chatd.wait_told(over.id, files.EXPIRED)


@PLAIN
def test_progress_is_told_now_and_then(chatd: ChatdSide, linked: RunningFiled, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(link, "PROGRESS", 0.05)
    offer = linked.offer(len(DATA))
    writer = linked.connect()
    writer.say("PATCH", offer.up, {**patch_headers(0), "Content-Length": str(len(DATA))})
    for start in range(0, len(DATA), 20_000):
        writer.send(DATA[start : start + 20_000])
        if start < 80_000:
            chatd.wait_told(offer.id, files.UPLOADING, offset=start + 20_000)
    assert writer.answer().status == 204
    chatd.wait_told(offer.id, files.COMPLETE)
    states = [report["state"] for report in chatd.reports if report["file"] == offer.id]
    assert states.index(files.COMPLETE) > max(i for i, state in enumerate(states) if state == files.UPLOADING)


@ENGINES
def test_what_users_decide_ends_transfers_at_once(chatd: ChatdSide, linked: RunningFiled) -> None:
    offer, kept = linked.offer(len(DATA)), linked.upload(DATA)
    writer, reader = linked.connect(), linked.connect()
    writer.say("PATCH", offer.up, {**patch_headers(0), "Content-Length": str(len(DATA))}, DATA[:5000])
    reader.say("GET", offer.down)
    assert reader.head().status == 200
    assert reader.read(5000) == DATA[:5000]
    linked.change(offer, state=files.DECLINED)
    chatd.say(cmd="file_withdrawn", file=offer.id)
    assert reader.until_the_end() == (b"", True)
    assert b"204" not in writer.until_the_end()[0]
    wait_until(lambda: linked.on_disk() == {kept.id}, "its bytes are gone")
    for mistaken in (kept.id, "A" * 22, "../../etc/passwd", None, 5):
        chatd.say(cmd="file_withdrawn", file=mistaken)
    chatd.say(cmd="something new", file=kept.id)
    chatd.say(cmd="file_withdrawn")
    linked.change(offer, state=files.WAITING)
    chatd.say(cmd="open_port", ref=1, file="A" * 22, role="both", senders=[], receivers=[])
    wait_until(lambda: chatd.ports, "all has been handled")
    assert linked.ask("GET", kept.down).body == DATA


@ENGINES
def test_chatd_away_while_a_transfer_runs(chatd: ChatdSide, linked: RunningFiled) -> None:
    offer = linked.offer(len(DATA), announced=sha256(DATA))
    resting = linked.offer(len(DATA))
    writers = [linked.connect(), linked.connect()]
    for target, writer in zip((offer, resting), writers, strict=True):
        writer.say("PATCH", target.up, {**patch_headers(0), "Content-Length": str(len(DATA))}, DATA[:5000])
        chatd.wait_told(target.id, files.UPLOADING)
    chatd.result = ""  # nothing is taken over any more
    chatd.drop()
    writers[0].send(DATA[5000:])
    assert writers[0].answer().status == 204
    assert linked.ask("GET", offer.down).body == DATA
    wait_until(lambda: len(chatd.hellos) >= 3, "it tries again and again")
    assert not chatd.told(offer.id, files.COMPLETE)
    chatd.reports.clear()
    chatd.result = "success"
    chatd.wait_told(offer.id, files.COMPLETE, sha256=sha256(DATA))
    chatd.wait_told(resting.id, files.UPLOADING, offset=5000)  # how things are is told anew
    writers[1].send(DATA[5000:])
    assert writers[1].answer().status == 204
    chatd.wait_told(resting.id, files.COMPLETE)


@PLAIN
def test_a_report_that_chatd_cannot_take_now_is_repeated(
    chatd: ChatdSide, linked: RunningFiled, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(link, "PROGRESS", 0.05)
    chatd.result = "busy"
    offer = linked.upload(DATA, announced=sha256(DATA))
    wait_until(lambda: len(chatd.told(offer.id, files.UPLOADING)) >= 2, "it is repeated")
    assert len(chatd.hellos) == 1
    chatd.result = "success"
    chatd.wait_told(offer.id, files.COMPLETE)
    chatd.result = "file_not_exist"
    foreign = linked.upload(DATA, announced=sha256(DATA))
    chatd.wait_told(foreign.id, files.COMPLETE)
    wait_until(lambda: not linked.server._link._reports, "it is not repeated")


@PLAIN
def test_without_chatd_everything_works_and_reports_wait(chatd: ChatdSide, make_filed: FiledFactory) -> None:
    chatd.close()
    filed = make_filed("--chatd", f"127.0.0.1:{chatd.port}")
    offer = filed.upload(DATA, announced=sha256(DATA))
    assert filed.ask("GET", offer.down).body == DATA
    report = (offer.id, files.COMPLETE, sha256(DATA))
    wait_until(lambda: report in filed.server._link._reports, "the report waits")


@PLAIN
def test_a_server_with_another_certificate_is_told_nothing(
    chatd: ChatdSide, make_filed: FiledFactory, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("tls-cert.pem", "tls-key.pem"):
        (tmp_path / name).unlink()  # the daemon makes a new pair; the other one shows the old
    filed = make_filed("--chatd", f"127.0.0.1:{chatd.port}")
    offer = filed.upload(DATA)
    wait_until(lambda: chatd.visits >= 2, "it has tried")
    assert (chatd.hellos, chatd.reports) == ([], [])
    assert filed.state(offer) == files.COMPLETE
