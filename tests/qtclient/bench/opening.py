"""A conversation with very many cached messages: to open it, and to scroll through it."""

from __future__ import annotations

import time

from PyQt5.QtCore import QCoreApplication
from PyQt5.QtWidgets import QAbstractItemView

from qtclient.model.session import Session
from qtclient.records import Key, Kind
from qtclient.windows.desk import Desk
from tests.qtclient.bench.frames import turn_wheel, until_drawn
from tests.qtclient.bench.lag import Lag
from tests.qtclient.bench.loop import run_until
from tests.qtclient.bench.result import Result
from tests.qtclient.bench.sender import fill
from tests.qtclient.bench.stage import daemons, options, own_folder
from tests.qtclient.bench.windows import at_the_desk
from tests.qtclient.support import turn

TIMES = 9
FRAMES = 3000
NOTCHES = 3  # of the wheel in one frame: a brisk hand


def main() -> None:
    """Print the results."""
    chosen = options()
    with own_folder() as folder, daemons(folder) as pair:
        pair.register("ann", "ben")
        pair.befriend("ann", "ben")
        fill(pair.log_in("ben", after=-1), "ann", chosen.messages)
        key = Key(Kind.PEER, "ben")
        with at_the_desk(pair, "ann", folder / "ann") as (session, desk):
            began, lag = time.perf_counter(), Lag()
            lag.start()
            assert run_until(lambda: _newest(session, key).endswith(f"({chosen.messages - 1})"), 900), "not all came"
            note = f"in {time.perf_counter() - began:.0f} s; longest hold of the event loop {lag.stop() * 1000:.0f} ms"
            print(Result("caught up and cached", chosen.messages, "messages", None, note).line())
            _measure(desk, key)


def _newest(session: Session, key: Key) -> str:
    """The newest message in the cache."""
    found = session.reader.newest(key, 1).messages
    return found[-1].text if found else ""


def _measure(desk: Desk, key: Key) -> None:
    times = []
    for _ in range(TIMES):
        view, seconds = until_drawn(lambda: _open(desk, key))
        times.append(seconds * 1000)
        view.window().close()
        turn()
    note = f"the worst of {TIMES}, the first one included; median {sorted(times)[TIMES // 2]:.0f} ms"
    print(Result("open a conversation", max(times), "ms", 150, note).line())
    view, _ = until_drawn(lambda: _open(desk, key))
    frames, used = _scroll(view)
    over = sum(frame > 33 for frame in frames)
    note = f"{len(frames)} frames, {over} above 33 ms, 99 % below {_quantile(frames, 0.99):.1f} ms; of processor time"
    note += f" {max(used):.1f} ms at most; {view.model().rowCount()} messages"
    print(Result("longest frame while scrolling up", max(frames), "ms", 33, note).line())
    view.window().close()


def _open(desk: Desk, key: Key) -> QAbstractItemView:
    desk.open(key)
    pane = desk.pane(key)
    assert pane is not None
    return pane.messages.view


def _scroll(view: QAbstractItemView) -> tuple[list[float], list[float]]:
    """Milliseconds of each frame, and of processor. What comes between two frames belongs to the first."""
    frames, used = [], []
    for _ in range(FRAMES):
        frame, processor = turn_wheel(view, NOTCHES)
        frames.append(frame * 1000)
        used.append(processor * 1000)
        until = time.perf_counter() + 0.003  # the rest of a frame in which the loop has nothing to do
        while time.perf_counter() < until:
            began = time.perf_counter()
            QCoreApplication.processEvents()
            frames[-1] = max(frames[-1], (time.perf_counter() - began) * 1000)
    return frames, used


def _quantile(values: list[float], part: float) -> float:
    return sorted(values)[int(len(values) * part)]


if __name__ == "__main__":
    main()
