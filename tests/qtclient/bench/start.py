"""From the start of the program to its window."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

from qtclient.places import log_file
from tests.qtclient.bench.result import Result
from tests.qtclient.bench.stage import daemons, options, own_folder
from tests.qtclient.profiles import prepare
from tests.support.running import ROOT
from tests.support.waiting import wait_until

TIMES = 7


def main() -> None:
    """Print the results."""
    options()
    with own_folder() as folder:
        times = [_until("the login window is there", folder / f"login{number}") for number in range(TIMES)]
        print(_result("start to login window", times, 1.5).line())
        with daemons(folder) as pair:
            from PyQt5.QtCore import QCoreApplication

            app = QCoreApplication(["bench"])
            pair.register("ann")
            prepare(pair, "ann", folder / "ann")
            times = [_until("the windows are there", folder / "ann") for _ in range(TIMES)]
            app.quit()
        print(_result("start to main window, logged in before", times, None).line())


def _until(words: str, profile: Path) -> float:
    """Seconds until the log says so."""
    log = log_file(profile)
    before = log.read_text().count(words) if log.exists() else 0
    began = time.perf_counter()
    client = subprocess.Popen([sys.executable, "-m", "qtclient", "--profile", str(profile)], cwd=ROOT)
    try:
        wait_until(lambda: log.exists() and log.read_text().count(words) > before, words)
        return time.perf_counter() - began
    finally:
        client.terminate()
        client.wait(20)


def _result(name: str, times: list[float], limit: float | None) -> Result:
    worst, median = max(times), sorted(times)[len(times) // 2]
    return Result(name, worst, "s", limit, f"the worst of {len(times)}; median {median:.2f} s")


if __name__ == "__main__":
    main()
