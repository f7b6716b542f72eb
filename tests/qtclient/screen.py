"""A screen that nobody sees, with a window manager, and hands that type and click there."""

from __future__ import annotations

import os
import select
import subprocess
import time
from pathlib import Path

from tests.support.waiting import DEADLINE, wait_until

READY_LIMIT = 20  # seconds


class Screen:
    """Xvfb and openbox. What is started afterwards with `environ` appears there."""

    def __init__(self, width: int, height: int, folder: Path) -> None:
        """``folder`` becomes the home of whatever runs there."""
        reader, writer = os.pipe()
        command = ["Xvfb", "-displayfd", str(writer), "-screen", "0", f"{width}x{height}x24", "-dpi", "96"]
        with (folder / "screen.log").open("ab") as log:
            self._server = subprocess.Popen(
                [*command, "-nolisten", "tcp"], pass_fds=(writer,), stdout=log, stderr=log, start_new_session=True
            )
            os.close(writer)
            with os.fdopen(reader, "rb") as pipe:
                ready, _, _ = select.select([pipe], [], [], READY_LIMIT)
                number = pipe.readline().strip().decode() if ready else ""
            assert number, "Xvfb does not start"
            self.environ = {**os.environ, "DISPLAY": f":{number}", "HOME": str(folder), "LANG": "C.UTF-8"}
            for name in ("QT_QPA_PLATFORM", "WAYLAND_DISPLAY", "DBUS_SESSION_BUS_ADDRESS", "QT_IM_MODULE"):
                self.environ.pop(name, None)
            self._manager = subprocess.Popen(
                ["openbox", "--sm-disable"], env=self.environ, stdout=log, stderr=log, start_new_session=True
            )

    def close(self) -> None:
        """End both."""
        for process in (self._manager, self._server):
            process.terminate()
            try:
                process.wait(DEADLINE)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    # -- hands and eyes ----------------------------------------------------------

    def key(self, *names: str) -> None:
        """Press keys one after the other, such as ``ctrl+k``."""
        self._do("key", "--delay", "60", *names)

    def type(self, text: str) -> None:
        self._do("type", "--delay", "25", text)

    def click(self, x: int, y: int, button: int = 1) -> None:
        """Somewhere on the screen."""
        self._do("mousemove", str(x), str(y), "click", str(button))

    def point(self, x: int, y: int) -> None:
        """Move the pointer."""
        self._do("mousemove", str(x), str(y))

    def windows(self, title: str) -> list[str]:
        """The ids of visible windows whose title matches a regular expression."""
        done = subprocess.run(
            ["xdotool", "search", "--onlyvisible", "--name", title],
            env=self.environ, capture_output=True, text=True, check=False,
        )  # fmt: skip
        return done.stdout.split()

    def window(self, title: str) -> str:
        """The id of a window, once it is there."""
        found: list[str] = []

        def there() -> bool:
            found[:] = self.windows(title)
            return bool(found)

        wait_until(there, f"a window called {title!r}", READY_LIMIT)
        return found[-1]

    def front(self, title: str) -> str:
        """Give a window the focus and the front, as a click on its title does."""
        window = self.window(title)
        self._do("windowactivate", "--sync", window)
        return window

    def place(self, title: str, x: int, y: int, width: int, height: int) -> None:
        """Move and size a window."""
        window = self.window(title)
        self._do("windowsize", "--sync", window, str(width), str(height))
        self._do("windowmove", "--sync", window, str(x), str(y))

    def still(self, seconds: float = 0.8) -> None:
        """Let the windows draw what they have to: nothing tells from outside that they have."""
        time.sleep(seconds)

    def _do(self, *words: str) -> None:
        subprocess.run(["xdotool", *words], env=self.environ, check=True, stdout=subprocess.DEVNULL, timeout=60)
