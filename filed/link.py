"""The connection to the chat server: what happens to files is told there, and what users decide comes from there.

Transfers never wait for it. While chatd is away, ends are kept until it has taken them over; progress is not: what
holds when it comes back is told then.
"""

from __future__ import annotations

import logging
import random
import threading
import time
from collections import OrderedDict
from collections.abc import Callable

from chatbase import files
from chatwire.client import Client
from chatwire.codec import Object
from chatwire.errors import UnknownFingerprint, WireError
from filed.intake import Report

log = logging.getLogger("filed.link")

PROGRESS = 0.5  # seconds between two reports of one upload
QUIET = 20.0  # seconds without anything to say, after which the link is tried
FIRST_DELAY = 0.2  # seconds before the second attempt to connect
LONGEST_DELAY = 5.0
KEPT = 10_000  # reports

Progress = Callable[[], list[Report]]
Push = Callable[[Object], Object | None]
"""Handles what chatd says, in the link's thread; may return a request that answers it."""


class Link:
    """`tell`: any thread. All else happens in the link's own thread."""

    def __init__(
        self, connect: Callable[[], Client], hello: Callable[[], str], connected: Callable[[], None], port: int,
        progress: Progress, push: Push,
    ) -> None:  # fmt: skip
        """``hello`` makes what chatd is shown; ``connected`` is called when it has been; ``port`` is the one at which
        files are served; ``progress`` says how far the uploads under way are.
        """
        self._connect = connect
        self._hello = hello
        self._connected = connected
        self._port = port
        self._progress = progress
        self._push = push
        self._client: Client | None = None
        self._lock = threading.Lock()  # guards the reports
        self._reports: OrderedDict[tuple[str, str, str | None], Report] = OrderedDict()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="link", daemon=True)

    def start(self) -> None:
        """Begin to connect."""
        self._thread.start()

    def tell(self, report: Report) -> None:
        """Have chatd told; a later report of the same kind takes the place of an earlier one."""
        with self._lock:
            self._reports[report.file, report.state, report.sha256] = report
            while len(self._reports) > KEPT:
                self._reports.popitem(last=False)
        self._wake()

    def stop(self, timeout: float) -> bool:
        """Say what there is to say, if there is a connection, and end; false when it hangs."""
        self._stopping.set()
        self._wake()
        if self._thread.is_alive():
            self._thread.join(timeout)
        return not self._thread.is_alive()

    def _wake(self) -> None:
        if (client := self._client) is not None:
            client.wake()

    # -- the link's thread -----------------------------------------------------

    def _run(self) -> None:
        attempts = 0
        while not self._stopping.is_set():
            try:
                with self._connect() as client:
                    self._greet(client)
                    attempts = 0
                    self._serve(client)
            except WireError as error:
                if not attempts and isinstance(error, UnknownFingerprint):
                    log.error("chatd shows another certificate: give both the same --tls-cert and --tls-key")
                elif not attempts:
                    log.warning("chatd is not there: %s", error)
                attempts += 1
            except Exception:
                log.exception("unexpected error")
                attempts += 1
            finally:
                self._client = None
            delay = min(LONGEST_DELAY, FIRST_DELAY * 2 ** min(attempts, 10))
            self._stopping.wait(delay * random.uniform(0.5, 1))

    def _greet(self, client: Client) -> None:
        client.expect("file_daemon", token=self._hello(), port=self._port)
        self._client = client
        log.info("connected to chatd")
        self._connected()
        for report in self._progress():
            self._send(client, report)

    def _serve(self, client: Client) -> None:
        told = heard = time.monotonic()
        while True:
            self._send_reports(client)
            if self._stopping.is_set():
                return
            now = time.monotonic()
            if now - told >= PROGRESS:
                told = now
                for report in self._progress():
                    self._send(client, report)
                    heard = now
            if now - heard >= QUIET:
                client.expect("ping")
                heard = now
            push = client.next_push(PROGRESS if self._progress() or self._reports else QUIET)
            if push is not None:
                self._take(client, push)

    def _take(self, client: Client, push: Object) -> None:
        answer = self._push(push)
        if answer is not None:
            client.expect(answer.pop("cmd"), **answer)

    def _send_reports(self, client: Client) -> None:
        while True:
            with self._lock:
                if not self._reports:
                    return
                key, report = next(iter(self._reports.items()))
            if not self._send(client, report):
                return
            with self._lock:
                if self._reports.get(key) is report:
                    del self._reports[key]

    @staticmethod
    def _send(client: Client, report: Report) -> bool:
        """Tell one, and wait until it has been taken over; false when chatd cannot do so now, but could later."""
        fields = {name: value for name, value in vars(report).items() if value is not None}
        result = client.request("file_report", **fields)["result"]
        if result != "success":
            log.warning("chatd did not take a report: file=%s state=%s result=%s", report.file, report.state, result)
        return bool(result != "busy")


def progress_of(uploads: list[tuple[str, int]]) -> list[Report]:
    """Reports of uploads that are under way, of each the id and the bytes that are there."""
    return [Report(file_id, files.UPLOADING, offset) for file_id, offset in uploads]
