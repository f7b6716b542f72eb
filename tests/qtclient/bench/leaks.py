"""Windows opened and closed: what is left of them."""

from __future__ import annotations

import gc
import threading
from collections import Counter

import psutil
from PyQt5.QtCore import QCoreApplication, QEvent, QObject
from PyQt5.QtWidgets import QApplication

from qtclient.model.session import Session
from qtclient.records import Key, Kind
from qtclient.windows.desk import Desk
from tests.qtclient.bench.result import Result
from tests.qtclient.bench.stage import daemons, options, own_folder
from tests.qtclient.bench.windows import at_the_desk
from tests.qtclient.support import turn

TIMES = 200
FRIENDS = 10


def main() -> None:
    """Print the results."""
    options()
    with own_folder() as folder, daemons(folder) as pair:
        names = [f"friend{number}" for number in range(FRIENDS)]
        pair.register("ann", *names)
        pair.befriend("ann", *names)
        for name in names:
            friend = pair.log_in(name, after=-1)
            friend.private_chat("ann", f"hello from {name}")
        keys = [Key(Kind.PEER, name) for name in names]
        with at_the_desk(pair, "ann", folder / "ann") as (session, desk):
            _open_and_close(desk, keys, FRIENDS)  # what is made once stays, and is not counted
            before = census(session, desk)
            _open_and_close(desk, keys, TIMES)
            _report(before, census(session, desk))


def _open_and_close(desk: Desk, keys: list[Key], times: int) -> None:
    for number in range(times):
        key = keys[number % len(keys)]
        desk.open(key)
        pane = desk.pane(key)
        assert pane is not None
        turn()
        pane.window().close()
        turn()


def census(session: Session, desk: Desk) -> Counter[str]:
    """What there is: Qt's objects that hang below one that stays, widgets, Python's wrappers, threads, descriptors."""
    for _ in range(3):
        QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
        QCoreApplication.processEvents()
        gc.collect()
    found: Counter[str] = Counter()
    roots = [QCoreApplication.instance(), session, desk, *QApplication.topLevelWidgets()]
    for root in roots:
        if root is not None:
            found["Qt objects"] += len(root.findChildren(QObject))
    found["widgets"] = len(QApplication.allWidgets())
    found["Python objects"] = sum(isinstance(thing, QObject) for thing in gc.get_objects())
    found["threads"] = threading.active_count()
    process = psutil.Process()
    found["descriptors"] = process.num_fds()
    found["threads of the system"] = process.num_threads()
    return found


def _report(before: Counter[str], after: Counter[str]) -> None:
    left = {name: after[name] - before[name] for name in after if after[name] > before[name]}
    note = ", ".join(f"{count} {name}" for name, count in left.items()) or ", ".join(map(_of, after.items()))
    name = f"left of {TIMES} conversation windows"
    print(Result(name, sum(left.values()), "objects, threads, descriptors", 0, note).line())


def _of(item: tuple[str, int]) -> str:
    return f"{item[1]} {item[0]} as before"


if __name__ == "__main__":
    main()
