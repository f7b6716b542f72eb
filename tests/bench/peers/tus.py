"""@tus/server on Node, the tus server that the protocol's authors wrote for it."""

from __future__ import annotations

import http.client
import json
import subprocess
from collections.abc import Sequence
from pathlib import Path

from tests.bench.curl import Transfer, TransferFailed
from tests.bench.peers.base import Peer, Upload, answers, free_port, program
from tests.bench.process import ROOT, Process, Unusable
from tests.bench.sources import Source

PACKAGES = ROOT / "build" / "bench"  # where scripts/bench-packages puts them
PATCH = ("Tus-Resumable: 1.0.0", "Upload-Offset: 0", "Content-Type: application/offset+octet-stream")

_SCRIPT = Path(__file__).with_name("tus.mjs")


class TusServer(Peer):
    """Uploads only, each created by a POST before the clock runs."""

    name = "@tus/server"
    downloads = False
    parallel = False

    def __init__(self, folder: Path, sources: Sequence[Source]) -> None:
        del sources
        self._node = program("node")
        self._manifest = PACKAGES / "node_modules" / "@tus" / "server" / "package.json"
        if not self._manifest.exists():
            raise Unusable("not installed (scripts/bench-packages)")
        folder.mkdir()
        self._files = folder / "files"
        self._files.mkdir()
        self._port = free_port()
        # Given as text, it finds its packages from the working folder.
        command = [self._node, "--input-type=module", "--eval", _SCRIPT.read_text(), str(self._port)]
        self.process = Process([*command, str(self._files)], folder, PACKAGES)
        self.process.wait_until(lambda: answers(self._port))

    def version(self) -> str:
        said = subprocess.run([self._node, "--version"], capture_output=True, text=True, check=True).stdout
        return f"@tus/server {json.loads(self._manifest.read_text())['version']} on Node {said.strip().lstrip('v')}"

    def download(self, source: Source, tls: bool) -> Transfer:
        raise NotImplementedError

    def uploads(self, sources: tuple[Source, ...], tls: bool, hashed: bool) -> list[Upload]:
        assert not tls
        assert not hashed
        return [self._create(source) for source in sources]

    def discard(self, uploads: list[Upload]) -> None:
        for upload in uploads:
            (self._files / upload.name).unlink()
            (self._files / f"{upload.name}.json").unlink()

    def _create(self, source: Source) -> Upload:
        headers = {"Tus-Resumable": "1.0.0", "Upload-Length": str(source.size)}
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=30)
        try:
            connection.request("POST", "/files", headers=headers)
            answer = connection.getresponse()
            if answer.status != 201:
                raise TransferFailed(f"{self.name} answers {answer.status} to POST")
            name = answer.getheader("Location", "").rpartition("/")[2]
        finally:
            connection.close()
        url = f"http://127.0.0.1:{self._port}/files/{name}"
        # Looked at where it lies: answering GET, the server now and then dies of "ReadableStream is already closed".
        shown = (self._files / name).as_uri()
        return Upload(source, Transfer(url, source.size, source.path, "PATCH", PATCH), shown, name)
