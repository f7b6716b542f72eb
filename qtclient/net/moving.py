"""One file on its way, in a thread of its own."""

from __future__ import annotations

import contextlib
import logging
import threading
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, Protocol

from chatwire.codec import Object
from chatwire.errors import LinkError
from chatwire.transfer.control import Control
from chatwire.transfer.download import download, part_path
from chatwire.transfer.errors import Cancelled, Gone, LocalProblem, ServerFull, TooLarge, Unreachable
from chatwire.transfer.source import Source
from chatwire.transfer.upload import upload
from qtclient.cache import incoming
from qtclient.cache.ledger import Ledger
from qtclient.cache.messages import local_file
from qtclient.cache.transfers import Kept
from qtclient.net import problems
from qtclient.net.clock import now_ms
from qtclient.net.inquiry import Inquiry
from qtclient.net.pace import Pace
from qtclient.net.unwritten import Unwritten
from qtclient.records import FileInfo, FileState, Kind, Phase, Sent, ServerAddress, TransferInfo

_REST = 30.0  # seconds between two attempts, when many in a row have brought nothing

log = logging.getLogger("qtclient.transfer")


class Refusal(Exception):
    """The server does not take the offer. ``problem`` is a line for the user."""

    def __init__(self, problem: str) -> None:
        super().__init__(problem)
        self.problem = problem


class Office(Protocol):
    """What a transfer needs of others; from any thread."""

    address: ServerAddress
    max_file: int
    unwritten: Unwritten

    def ask(self, cmd: str, done: Callable[[Object], None], **fields: Any) -> None:
        """Send a request to the chat server; ``done`` gets the reply, in any thread."""

    def note(self, job: Callable[[Ledger], None]) -> None:
        """Have something noted in the cache."""

    def keep(self, moving: Moving, job: Callable[[Ledger], None] | None = None) -> None:
        """Remember how far it is, together with what ``job`` does, and tell."""


class Moving:
    """`pause`, `resume`, `cancel`, `leave`, `info`: any thread. `run`: its own, which owns everything else."""

    def __init__(self, kept: Kept, office: Office) -> None:
        self.kept = kept
        self.control = Control()
        self._lock = threading.RLock()  # guards `kept`, and that it is paused just when it says so
        self.part = ""  # where the bytes of a download are until they are all there
        self._office = office
        self._pace = Pace(kept.size if kept.phase is Phase.DONE else 0)
        self._inquiry = Inquiry(office.ask, self.control, self._waits)
        self._before_waiting = Phase.RUNNING
        self._offered = "" if kept.file == local_file(kept.cid) or not kept.upload else kept.file  # known to the server
        self._withdrawal = Control()  # of what is asked until the server has answered, whatever `control` says
        self._source: Source | None = None
        self._leaving = False
        self._begins = False  # until an attempt has told where it begins
        self._thread: threading.Thread | None = None
        if kept.phase is Phase.PAUSED:
            self.control.pause()

    # -- any thread ------------------------------------------------------------

    def start(self) -> None:
        """Begin."""
        self._begin(self._run)

    def withdraw(self) -> None:
        """It had failed when the program ended, and the server may not know it: nobody is to wait for the file."""
        if self._offered:
            self._begin(self._take_back)

    def pause(self) -> None:
        """Stop moving bytes."""
        with self._lock:
            if not self.kept.phase.over:
                self.control.pause()
                self._phase(Phase.PAUSED)

    def resume(self) -> None:
        """Go on."""
        with self._lock:
            if not self.kept.phase.over:
                self.control.resume()
                self._phase(Phase.RUNNING)

    def cancel(self) -> None:
        """End it for good; what was offered is taken back."""
        self.control.cancel()

    def hurry(self) -> None:
        """There is a connection again: what waits tries now."""
        self.control.hurry()
        self._withdrawal.hurry()

    def leave(self) -> None:
        """The program ends: stop where it is, to go on there next time."""
        self._leaving = True
        self.control.cancel()
        self._withdrawal.cancel()

    @property
    def works(self) -> bool:
        """Whether its thread runs."""
        return self._thread is not None and self._thread.is_alive()

    def join(self, timeout: float) -> None:
        """Wait for its thread."""
        if self._thread is not None:
            self._thread.join(timeout)

    def info(self) -> TransferInfo:
        """How far it is."""
        kept, done = self.kept, self._pace.reached
        speed, phase = 0.0, kept.phase
        if phase in (Phase.RUNNING, Phase.PREPARING):
            speed = self._pace.speed()
            if self._pace.rests:
                speed, phase = 0.0, Phase.WAITING  # for the other side
        left = (kept.size - done) / speed if speed > 0 and phase is Phase.RUNNING else None
        return TransferInfo(
            kept.id, kept.upload, kept.key, kept.file, kept.title, kept.path, kept.size, done, speed, left,
            phase, kept.problem,
        )  # fmt: skip

    def _begin(self, work: Callable[[], None]) -> None:
        # A daemon: an attempt to connect can last, and nobody who leaves wants to wait for it.
        self._thread = threading.Thread(target=work, name=f"transfer-{self.kept.id}", daemon=True)
        self._thread.start()

    def _phase(self, phase: Phase, problem: str = "", job: Callable[[Ledger], None] | None = None, **more: Any) -> None:
        """Where it is now. Its own thread may say that it goes on just after somebody has stopped it."""
        with self._lock:
            if self.control.paused and not phase.over:
                phase, problem = Phase.PAUSED, ""
            self.kept = replace(self.kept, phase=phase, problem=problem, **more)
            self._pace.begin()
            self._office.keep(self, job)

    # -- its own thread ----------------------------------------------------------

    def _run(self) -> None:
        try:
            self.control.wait_while_paused()
            if self.kept.upload:
                self._upload()
            else:
                self._download()
        except Cancelled:
            if not self._leaving:
                self._cancelled()
        except Refusal as error:
            self._refused(error.problem)
        except Exception as error:
            if not isinstance(error, LinkError | LocalProblem | Gone | TooLarge):
                log.exception("a transfer has failed")
            self._refused(problems.of_transfer(error))
        finally:
            if self._source is not None:
                self._source.close()

    def _refused(self, problem: str) -> None:
        cid = self.kept.cid
        self._office.unwritten.change(cid, sent=Sent.FAILED, problem=problem)
        self._phase(Phase.FAILED, problem, (lambda ledger: ledger.messages.refused(cid, problem)) if cid else None)
        self._take_back()

    def _cancelled(self) -> None:
        kept = self.kept
        self._office.unwritten.remove(kept.cid)
        self._phase(Phase.CANCELLED, "", (lambda ledger: ledger.messages.discard(kept.cid)) if kept.upload else None)
        self._take_back()

    def _take_back(self) -> None:
        """Its receivers would wait for what will not come. Asked until the server has answered, whatever that is."""
        if not self._offered:
            return
        inquiry = Inquiry(self._office.ask, self._withdrawal, lambda waiting: None)
        with contextlib.suppress(Cancelled):
            inquiry.until_answered("cancel_file", file=self._offered)

    def _progress(self, done: int, size: int) -> None:
        """What was there before this attempt has not been moved now."""
        if self._begins:
            self._begins = False
            self._pace.start_at(done)
        self._pace.reached = done

    # -- up ----------------------------------------------------------------------

    def _upload(self) -> None:
        source = self._source = Source(Path(self.kept.path))
        if self.kept.file != local_file(self.kept.cid):
            kept = self.kept
            source.check(kept.size, kept.sha256, kept.mtime, progress=self._progress, control=self.control)
            url = self._fresh_url("upload_url")
        else:
            url = self._offer(source)
        if url:
            self._phase(Phase.RUNNING)
            self._patiently(lambda: self._send(url, source))
        self._pace.reached = self.kept.size
        whole = FileInfo(self.kept.file, "", 0, FileState.COMPLETE, self.kept.size)
        self._office.unwritten.file_state(whole)
        self._phase(Phase.DONE, "", lambda ledger: ledger.file_state(whole))

    def _send(self, url: str, source: Source) -> None:
        address = self._office.address
        upload(
            url, source, fingerprint=address.fingerprint or None, other_host=address.host, secure=address.tls,
            progress=self._progress, control=self.control, renew=partial(self._fresh_url, "upload_url"),
        )  # fmt: skip

    def _offer(self, source: Source) -> str:
        """Hash the file, and have the server know of it. Returns where to upload to, empty if there is no need."""
        if source.size > self._office.max_file:  # reading all of it could take long
            raise Refusal(problems.too_large(self._office.max_file))
        kept = self.kept
        placeholder = FileInfo(kept.file, kept.title, source.size, FileState.OFFERING, path=kept.path)
        if kept.mtime:  # it was tried before
            self._office.unwritten.change(kept.cid, sent=Sent.SENDING, problem="", file=placeholder)
            row, sent_at = 0, now_ms()
        else:
            message = self._office.unwritten.add(kept.key, kept.cid, "", Sent.SENDING, placeholder)
            row, sent_at = message.row, message.ts

        def write(ledger: Ledger) -> None:
            if ledger.messages.is_new(kept.cid):
                ledger.write(kept.key, kept.cid, "", sent_at, Sent.SENDING, placeholder, row=row)
            ledger.after_commit(partial(self._office.unwritten.written, kept.cid))

        self._phase(Phase.PREPARING, "", write, size=source.size, mtime=source.mtime)
        source.hash(progress=self._progress, control=self.control)
        self._pace.reached = 0
        self._phase(Phase.PREPARING, size=source.size, sha256=source.sha256)
        return self._announce()

    def _announce(self) -> str:
        kept = self.kept
        to = {"group" if kept.key.kind is Kind.GROUP else "to_user": kept.key.name}
        reply = self._inquiry.until_answered(
            "send_file", self._stored, cid=kept.cid, filename=kept.title, length=kept.size, sha256=kept.sha256, **to
        )
        info = incoming.file_info(reply)
        if reply.get("result") != "success" or info is None:
            raise Refusal(problems.of_offer(reply))
        self._phase(Phase.RUNNING, file=info.file)
        url = reply.get("url")
        return url if isinstance(url, str) else self._fresh_url("upload_url")

    def _stored(self, reply: Object) -> None:
        """The offer is known to the server. The chat thread, so that this comes before what is said about the file."""
        info, kept = incoming.file_info(reply), self.kept
        if reply.get("result") != "success" or info is None:
            return
        mid, ts, known = incoming.mid(reply), incoming.timestamp(reply), replace(info, path=kept.path)
        sent = Sent.DELIVERED if reply.get("delivered") is True else Sent.STORED

        def job(ledger: Ledger) -> None:
            ledger.messages.stored(kept.cid, mid, ts, sent, known)
            ledger.messages.file_path(known.file, kept.path)
            ledger.saw(mid)

        self._office.unwritten.change(kept.cid, sent=sent, file=known)
        self._office.note(job)
        self._offered = info.file
        if self.control.cancelled and not self._leaving:  # while the server was being asked
            self._office.ask("cancel_file", lambda reply: None, file=self._offered)

    # -- down ----------------------------------------------------------------------

    def _download(self) -> None:
        url = self._fresh_url("url")
        self.part = str(part_path(Path(self.kept.path), url))
        self._phase(Phase.RUNNING)
        place = self._patiently(lambda: self._fetch(url))
        assert place is not None
        self._pace.reached = self.kept.size
        file = self.kept.file
        self._phase(Phase.DONE, "", lambda ledger: ledger.messages.file_path(file, str(place)), path=str(place))

    def _fetch(self, url: str) -> Path:
        kept, address = self.kept, self._office.address
        return download(
            url, Path(kept.path), size=kept.size, sha256=kept.sha256, fingerprint=address.fingerprint or None,
            other_host=address.host, secure=address.tls, progress=self._progress, control=self.control,
            renew=partial(self._fresh_url, "url"),
        )  # fmt: skip

    # -- both ------------------------------------------------------------------------

    def _patiently(self, attempt: Callable[[], Path | None]) -> Path | None:
        """Until it is done, or cannot be. Raises TransferError."""
        while True:
            try:
                self._begins = True
                return attempt()
            except (Unreachable, ServerFull) as error:
                self._phase(Phase.WAITING, problems.of_transfer(error))
            self.control.sleep(_REST)
            self._phase(Phase.PAUSED if self.control.paused else Phase.RUNNING)

    def _fresh_url(self, field: str) -> str:
        return self._inquiry.url(self.kept.file, field)

    def _waits(self, waiting: bool) -> None:
        """The chat server has to be waited for, or has answered at last."""
        if waiting and self.kept.phase is not Phase.PAUSED:
            self._before_waiting = self.kept.phase
            self._phase(Phase.WAITING)
        elif self.kept.phase is Phase.WAITING:
            self._phase(self._before_waiting)
