"""`make demo`: both daemons and two clients on a folder of their own, until Ctrl-C or until both clients are closed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from types import FrameType

from PyQt5.QtCore import QCoreApplication

from qtclient.records import Key, Kind
from tests.qtclient import sample
from tests.qtclient.places import arrange
from tests.qtclient.profiles import prepare
from tests.qtclient.support import PASSWORD, Daemons
from tests.support.running import ROOT

PATIENCE = 15  # seconds that a client gets to end


class Ended(Exception):
    """Somebody wants the demo to end."""


def main() -> int:
    """Run until it is over."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _end)
    # Nothing of the demo goes into the user's own keyring.
    os.environ["PYTHON_KEYRING_BACKEND"] = "keyring.backends.null.Keyring"
    with tempfile.TemporaryDirectory(prefix="chatd-demo-", ignore_cleanup_errors=True) as folder:
        try:
            _run(Path(folder))
        except Ended:
            print("ending the demo", flush=True)
    return 0


def _end(number: int, frame: FrameType | None) -> None:
    raise Ended


def _run(folder: Path) -> None:
    app = QCoreApplication(["demo"])
    daemons = Daemons(folder / "server", tls=True)
    clients: list[subprocess.Popen[bytes]] = []
    try:
        print(f"server and file daemon run on {daemons.address}; the sample accounts are made", flush=True)
        sample.fill(daemons, folder / "pictures")
        for side, name in enumerate((sample.ANN, sample.BEN)):
            profile = folder / name
            account = prepare(daemons, name, profile)
            left, other = side * 960, sample.BEN if name == sample.ANN else sample.ANN
            talk = {Key(Kind.PEER, other): (left + 400, 40, 540, 680)}
            arrange(profile, account, (left + 10, 40, 380, 680), talk)
            clients.append(_start(profile, daemons.address))
        people = f"{sample.ANN} and {sample.BEN} are here, and so are {', '.join(sample.OTHERS)}"
        print(f"{people}; all passwords are: {PASSWORD}\nCtrl-C ends everything", flush=True)
        for client in clients:
            client.wait()
    finally:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        _stop(clients)
        daemons.close()
        app.quit()


def _start(profile: Path, server: str) -> subprocess.Popen[bytes]:
    """A client that ends when it is told to, not when the terminal's Ctrl-C reaches it, too."""
    command = [sys.executable, "-m", "qtclient", "--profile", str(profile), "--server", server]
    return subprocess.Popen(command, cwd=ROOT, start_new_session=True)


def _stop(clients: list[subprocess.Popen[bytes]]) -> None:
    for client in clients:
        client.terminate()
    for client in clients:
        try:
            client.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            client.kill()
            client.wait()


if __name__ == "__main__":
    sys.exit(main())
