"""nginx, tuned: Debian's stock file has `tcp_nopush on`, which alone makes it 1.7 times slower for curl."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path

from chatwire.certificate import ensure_self_signed
from tests.bench.peers.base import FolderPeer, answers, free_port, program
from tests.bench.process import Process
from tests.bench.sources import Source

# `user root` counts for root only; others run the workers as themselves anyway.
_CONFIGURATION = """
user root;
worker_processes auto;
pid {folder}/nginx.pid;
error_log stderr warn;
events {{ worker_connections 1024; }}
http {{
    access_log off;
    sendfile on;
    tcp_nopush off;
    default_type application/octet-stream;
    client_max_body_size 0;
    client_body_buffer_size 1m;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/unused;
    fastcgi_temp_path {folder}/unused;
    uwsgi_temp_path {folder}/unused;
    scgi_temp_path {folder}/unused;
    ssl_certificate {certificate};
    ssl_certificate_key {key};
    ssl_protocols TLSv1.2 TLSv1.3;
    server {{
        listen 127.0.0.1:{plain};
        listen 127.0.0.1:{tls} ssl;
        root {root};
        location /new/ {{ dav_methods PUT; }}
    }}
}}
"""


class Nginx(FolderPeer):
    """One server for both; a worker for each core."""

    name = "nginx"
    tls = True

    def __init__(self, folder: Path, sources: Sequence[Source]) -> None:
        self._program = program("nginx")
        super().__init__(folder, sources)
        self._plain, self._tls = free_port(), free_port()
        certificate, key = ensure_self_signed(folder)
        configuration = folder / "nginx.conf"
        configuration.write_text(
            _CONFIGURATION.format(
                folder=folder, root=self.root, plain=self._plain, tls=self._tls, certificate=certificate, key=key
            )
        )
        command = [self._program, "-p", str(folder), "-c", str(configuration), "-e", "stderr", "-g", "daemon off;"]
        self.process = Process(command, folder)
        self.process.wait_until(lambda: answers(self._tls))

    def version(self) -> str:
        said = subprocess.run([self._program, "-v"], capture_output=True, text=True, check=True).stderr
        return said.strip().rpartition(": ")[2].replace("/", " ")

    def base(self, tls: bool) -> str:
        return f"https://127.0.0.1:{self._tls}" if tls else f"http://127.0.0.1:{self._plain}"
