"""vsftpd: two processes for each session, in C."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path

from tests.bench.peers.base import FolderPeer, answers, free_port, program
from tests.bench.process import Process
from tests.bench.sources import Source

# As the user who starts it, so that it needs neither root nor an account of its own.
_CONFIGURATION = """
listen=YES
listen_address=127.0.0.1
listen_port={port}
background=NO
run_as_launching_user=YES
anonymous_enable=YES
no_anon_password=YES
local_enable=NO
anon_root={root}
write_enable=YES
anon_upload_enable=YES
anon_umask=022
secure_chroot_dir={empty}
seccomp_sandbox=NO
isolate=NO
isolate_network=NO
xferlog_enable=NO
use_sendfile=YES
"""


class Vsftpd(FolderPeer):
    """Anonymous users may write here."""

    name = "vsftpd"
    stagger = 0.004  # its queue of new connections is short, and a SYN that is dropped comes again after a second

    def __init__(self, folder: Path, sources: Sequence[Source]) -> None:
        self._program = program("vsftpd")
        super().__init__(folder, sources)
        self._port = free_port()
        (folder / "empty").mkdir()
        configuration = folder / "vsftpd.conf"
        text = _CONFIGURATION.format(port=self._port, root=self.root, empty=folder / "empty")
        configuration.write_text(text.lstrip())
        self.process = Process([self._program, str(configuration)], folder)
        self.process.wait_until(lambda: answers(self._port))

    def version(self) -> str:
        # It says so on its standard input, of all places.
        said = subprocess.run(
            f"{self._program} -v 0>&1", shell=True, capture_output=True, text=True, check=False
        ).stdout  # fmt: skip
        return said.strip().replace(": version", "")

    def base(self, tls: bool) -> str:
        assert not tls
        return f"ftp://127.0.0.1:{self._port}"
