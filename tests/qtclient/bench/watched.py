"""The client itself with a look at its event loop and its memory, in a process that holds nothing else.

``python -m tests.qtclient.bench.watched PROFILE WINDOWS MESSAGES SECONDS``: says ``ready RSS`` once that many windows
are open, and then, when so many messages have arrived or the time is up, what was seen, as JSON.
"""

from __future__ import annotations

import gc
import json
import sys
import time
from pathlib import Path

from PyQt5.QtCore import QTimer, qInstallMessageHandler
from PyQt5.QtWidgets import QApplication

from qtclient.app import Application
from qtclient.garbage import Garbage
from qtclient.model.settings import Settings
from qtclient.options import Options
from qtclient.start import SWITCH_INTERVAL
from tests.qtclient.bench.lag import Lag
from tests.qtclient.bench.loop import run_until

START = 60.0  # seconds until all windows must be there
SETTLE = 1.0  # seconds of rest before it begins


def main(profile: str, windows: str, messages: str, seconds: str) -> None:
    """Run the client as `qtclient.start` does, and watch it."""
    sys.setswitchinterval(SWITCH_INTERVAL)
    app = QApplication(["qtclient"])
    app.setQuitOnLastWindowClosed(False)
    qInstallMessageHandler(lambda *_: None)  # the platform without a screen says what it lacks, again and again
    folder = Path(profile)
    client = Application(app.quit, Options("", folder, "", ""), Settings(folder))
    garbage = Garbage()
    client.settled.connect(garbage.settle)
    try:
        client.begin()
        there = run_until(lambda: client.desk is not None and len(client.desk.opened()) >= int(windows), START)
        assert there, "the windows do not come"
        _watch(client, int(messages), float(seconds))
    finally:
        client.close()
        garbage.close()


def _watch(client: Application, messages: int, seconds: float) -> None:
    assert client.session is not None
    count = [0]
    client.session.message_arrived.connect(lambda message, live: count.__setitem__(0, count[0] + 1))
    rest = QTimer()
    rest.setSingleShot(True)
    rest.start(int(SETTLE * 1000))
    run_until(lambda: not rest.isActive(), SETTLE * 4)
    gc.collect()
    print("ready", _rss(), flush=True)
    lag, began, used = Lag(), time.monotonic(), time.process_time()
    lag.start()
    run_until(lambda: count[0] >= messages, seconds)
    longest = lag.stop()
    took, used = time.monotonic() - began, time.process_time() - used
    seen = {
        "count": count[0],
        "longest": longest,
        "work": lag.work,
        "calm": lag.calm,
        "quiet": lag.quiet,
        "stolen": lag.stolen,
        "holds": sorted(lag.holds)[-20:],
        "many": len(lag.holds),
    }
    print(json.dumps({**seen, "rss": _rss(), "cpu": used / took, "seconds": took}), flush=True)


def _rss() -> int:
    """Bytes."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024
    return 0


if __name__ == "__main__":
    main(*sys.argv[1:])
