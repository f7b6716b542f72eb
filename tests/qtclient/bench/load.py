"""Many messages over many open windows: how long the event loop is held, and how much memory it takes."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from PyQt5.QtCore import QCoreApplication

from qtclient.records import Key, Kind
from tests.qtclient.bench.lag import CALM
from tests.qtclient.bench.result import Result
from tests.qtclient.bench.sender import start
from tests.qtclient.bench.stage import daemons, options, own_folder
from tests.qtclient.places import Place, arrange
from tests.qtclient.profiles import prepare
from tests.qtclient.support import Daemons
from tests.support.running import ROOT

WINDOWS = 20
RATE = 200  # messages a second
MEBIBYTE = 1 << 20


def main() -> None:
    """Print the results."""
    chosen = options()
    app = QCoreApplication(["bench"])
    with own_folder() as folder, daemons(folder) as pair:
        names = [f"friend{number}" for number in range(WINDOWS)]
        pair.register("ann", *names)
        pair.befriend("ann", *names)
        account = prepare(pair, "ann", folder / "ann")
        talks = {Key(Kind.PEER, name): _place(number) for number, name in enumerate(names)}
        arrange(folder / "ann", account, (0, 0, 380, 680), talks)
        before, seen = _run(pair, folder / "ann", names, chosen.seconds)
        _report(chosen.seconds, before, seen)
    app.quit()


def _place(number: int) -> Place:
    return 400 + 40 * (number % 10), 20 + 20 * number, 560, 680


def _run(pair: Daemons, profile: Path, names: list[str], seconds: int) -> tuple[int, dict[str, Any]]:
    """Memory before the first message, and what the client says in the end."""
    words = [str(profile), str(WINDOWS), str(RATE * seconds), str(seconds * 2 + 60)]
    command = [sys.executable, "-m", "tests.qtclient.bench.watched", *words]
    client = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert client.stdout is not None
    sender = None
    try:
        ready = client.stdout.readline().split()
        assert ready[:1] == ["ready"], "the client does not come up"
        sender = start(pair, "ann", names, RATE, seconds)
        return int(ready[1]), json.loads(client.stdout.readline())
    finally:
        if sender is not None:
            sender.terminate()
            sender.communicate()
        client.communicate(timeout=30)


def _report(seconds: int, before: int, seen: dict[str, Any]) -> None:
    what = f"{RATE} messages/s over {WINDOWS} windows for {seconds} s"
    most = ", ".join(f"{held * 1000:.0f}" for held in seen["holds"][-5:])
    note = (
        f"{seen['count']} messages in {seen['seconds']:.0f} s; {seen['many']} holds above 20 ms, the longest {most} "
        f"ms; at most {seen['work'] * 1000:.0f} ms of the thread's own processor time in one; "
        f"at most {seen['calm'] * 1000:.0f} ms in the {seen['quiet']} seconds in which the host gave less than "
        f"{CALM:.0%} of the processors away ({seen['stolen']:.0%} in the worst)"
    )
    print(Result(f"{what}: longest hold", seen["longest"] * 1000, "ms", 50, note).line())
    note = f"{before / MEBIBYTE:.0f} MiB with the windows open, before the first message"
    print(Result(f"{what}: memory (RSS)", seen["rss"] / MEBIBYTE, "MiB", 150, note).line())
    print(Result(f"{what}: processor", seen["cpu"] * 100, "% of a core", None).line())


if __name__ == "__main__":
    main()
