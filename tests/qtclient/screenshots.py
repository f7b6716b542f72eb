"""`make screenshots`: real clients on a virtual screen, driven by keyboard, and pictures of what they show."""

from __future__ import annotations

import contextlib
import http.client
import os
import ssl
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from PyQt5.QtCore import QRect, Qt
from PyQt5.QtGui import QColor, QLinearGradient, QPainter, QPaintEvent
from PyQt5.QtWidgets import QApplication, QWidget
from PyQt5.sip import voidptr

from chatwire.client import Client
from qtclient.model.settings import Settings
from qtclient.records import Key, Kind
from tests.qtclient import sample
from tests.qtclient.places import Place, arrange
from tests.qtclient.profiles import prepare
from tests.qtclient.screen import Screen
from tests.qtclient.support import PASSWORD, Daemons
from tests.support.running import ROOT
from tests.support.waiting import DEADLINE

PICTURES = ROOT / "docs" / "pictures"
WIDTH, HEIGHT = 1600, 900
BEN = Key(Kind.PEER, sample.BEN)
GROUP = Key(Kind.GROUP, sample.GROUP)
WANG = Key(Kind.PEER, "王小明")


class Wall(QWidget):
    """What lies behind the windows."""

    def __init__(self) -> None:
        super().__init__()
        self.setAttribute(Qt.WidgetAttribute.WA_X11NetWmWindowTypeDesktop)
        self.setGeometry(0, 0, WIDTH, HEIGHT)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        painter = QPainter(self)
        sky = QLinearGradient(0, 0, WIDTH, HEIGHT)
        sky.setColorAt(0, QColor("#3b5b7a"))
        sky.setColorAt(1, QColor("#88a6a0"))
        painter.fillRect(self.rect(), sky)


class Scene:
    """One picture: clients with profiles of their own, from the start to the picture."""

    def __init__(self, folder: Path, daemons: Daemons, screen: Screen, app: QApplication) -> None:
        self.folder = folder
        self.daemons = daemons
        self.screen = screen
        self._app = app
        self._clients: list[subprocess.Popen[bytes]] = []
        self._uploads: list[threading.Thread] = []
        self._over = threading.Event()

    def start(self, name: str, main: Place, talks: dict[Key, Place], *options: str) -> None:
        """A client in which somebody is logged in."""
        profile = self.folder / f"{name}{len(self._clients)}"
        account = prepare(self.daemons, name, profile)
        arrange(profile, account, main, talks)
        Settings(profile).set("send_folder", str(self.folder))
        command = [sys.executable, "-m", "qtclient", "--profile", str(profile), "--language", "en", *options]
        self._clients.append(subprocess.Popen(command, cwd=ROOT, env=self.screen.environ, start_new_session=True))

    def settle(self, seconds: float = 1.0) -> None:
        """Let everybody draw, the wall included."""
        for _ in range(int(seconds * 10)):
            self._app.processEvents()
            self.screen.still(0.1)

    def shoot(self, name: str, part: QRect | None = None) -> None:
        """Write a picture of the screen, or of a part of it."""
        self.screen.point(WIDTH - 1, HEIGHT - 1)
        self.settle()
        area = part or QRect(0, 0, WIDTH, HEIGHT)
        shot = QApplication.primaryScreen().grabWindow(voidptr(0), area.x(), area.y(), area.width(), area.height())
        path = PICTURES / f"client-{name}.png"
        PICTURES.mkdir(parents=True, exist_ok=True)
        assert shot.save(str(path), "PNG")
        quantise = ["pngquant", "--force", "--skip-if-larger", "--quality=70-95", "--speed=1", "--output", str(path)]
        subprocess.run([*quantise, str(path)], check=False)  # 98: it was small already
        print(f"{path.relative_to(ROOT)}: {path.stat().st_size // 1024} KiB", flush=True)

    def write(self, text: str) -> None:
        """By the clipboard, as no keyboard has Chinese or emoji."""
        clipboard = QApplication.clipboard()
        assert clipboard is not None
        clipboard.setText(text)
        self.settle(0.3)
        self.screen.key("ctrl+v")
        self.settle(0.7)

    @contextmanager
    def ben(self) -> Iterator[Client]:
        """Ben is online, somewhere else."""
        with self.daemons.chat.connect() as client:
            client.login(sample.BEN, PASSWORD, after=-1)
            yield client

    def send_file(self, name: str, size: int) -> None:
        """By the dialog that Ctrl-O opens, in the window that has the keyboard."""
        path = self.folder / name
        path.write_bytes(os.urandom(size))
        self.screen.key("ctrl+o")
        self.screen.window("Send files")
        self.settle(0.5)
        self.screen.type(path.name)
        self.screen.key("Return")
        self.settle(0.5)
        self.screen.key("Return")
        self.settle(1)

    def slowly(self, sender: Client, name: str, size: int, part: float, rate: int) -> str:
        """Somebody uploads a file: the first part at once, the rest at ``rate`` bytes a second; returns its id."""
        offer = sender.request("send_file", to_user=sample.ANN, filename=name, length=size)
        begun = threading.Event()
        thread = threading.Thread(target=self._trickle, args=(offer["url"], size, part, rate, begun), daemon=True)
        self._uploads.append(thread)
        thread.start()
        assert begun.wait(60)
        return str(offer["file"])

    def _trickle(self, url: str, size: int, part: float, rate: int, begun: threading.Event) -> None:
        parts = urlsplit(url)
        assert parts.hostname is not None
        context = ssl._create_unverified_context()  # it is our own, on this machine
        connection = http.client.HTTPSConnection(parts.hostname, parts.port, context=context)

        def body() -> Iterator[bytes]:
            first = int(size * part)
            yield os.urandom(first)
            begun.set()
            for left in range(size - first, 0, -rate // 20):
                if self._over.wait(0.05):
                    return
                yield bytes(min(left, rate // 20))

        headers = {"Tus-Resumable": "1.0.0", "Upload-Offset": "0", "Content-Type": "application/offset+octet-stream"}
        with contextlib.suppress(OSError, http.client.HTTPException):
            connection.request("PATCH", f"{parts.path}?{parts.query}", body(), {**headers, "Content-Length": str(size)})
        connection.close()

    def close(self) -> None:
        """End the clients."""
        self._over.set()
        for thread in self._uploads:
            thread.join(DEADLINE)
        for client in self._clients:
            client.terminate()
        for client in self._clients:
            try:
                client.wait(DEADLINE)
            except subprocess.TimeoutExpired:
                client.kill()
                client.wait()


def light(scene: Scene) -> None:
    """The main window and one conversation, in which Ben is writing."""
    scene.start(sample.ANN, (40, 40, 400, 760), {BEN: (470, 40, 680, 760)}, "--theme", "light")
    scene.screen.front(f"{sample.BEN}$")
    with scene.ben() as ben:
        scene.screen.type("Great! See you at the station then.")
        scene.screen.key("Return")
        scene.settle(1)
        _read(ben)
        ben.send("typing", peer=sample.ANN)
        scene.screen.type("I'll be the one with the red hat")
        scene.shoot("light", QRect(10, 10, 1170, 830))


def dark(scene: Scene) -> None:
    """The same at night, in the group."""
    scene.start(sample.ANN, (40, 40, 400, 760), {GROUP: (470, 40, 680, 760)}, "--theme", "dark")
    scene.screen.front(f"{sample.GROUP}$")
    with scene.ben():
        scene.screen.type("I have some, enough for all of us.")
        scene.screen.key("Return")
        scene.shoot("dark", QRect(10, 10, 1170, 830))


def chinese(scene: Scene) -> None:
    """The words of the client in Chinese, and what a search has found."""
    places = {WANG: (470, 40, 680, 760)}
    scene.start(sample.ANN, (40, 40, 400, 760), places, "--theme", "light", "--language", "zh")
    scene.screen.front("王小明$")
    scene.write("我看过了，写得很清楚 👍")
    scene.screen.key("Return")
    scene.screen.key("ctrl+shift+f")
    scene.screen.place("^搜索$", 650, 180, 480, 330)
    scene.screen.front("^搜索$")
    scene.write("会议")
    scene.shoot("chinese", QRect(10, 10, 1170, 830))


def transfers(scene: Scene) -> None:
    """Files on their way, and the window that shows them."""
    scene.start(sample.ANN, (40, 40, 400, 760), {BEN: (470, 40, 680, 760)}, "--theme", "light")
    scene.screen.front(f"{sample.BEN}$")
    with scene.ben() as ben:
        for name, size in (("Map of the lake.pdf", 2_400_000), ("Hut booking.txt", 4_812)):
            scene.send_file(name, size)
        for name, size, part, rate in (
            ("Sunday on the lake.mp4", 412_000_000, 0.55, 9_000_000),
            ("All pictures of Sunday.zip", 1_300_000_000, 0.07, 21_000_000),
        ):
            scene.slowly(ben, name, size, part, rate)
            scene.settle(1)
            scene.screen.key("ctrl+Up", "Return", "Escape")
        scene.screen.key("ctrl+t")
        scene.screen.place("^Transfers$", 540, 200, 600, 460)
        scene.settle(3)
        scene.shoot("transfers", QRect(10, 10, 1170, 830))


def windows(scene: Scene) -> None:
    """Two people, several windows."""
    ann = Key(Kind.PEER, sample.ANN)
    talks = {GROUP: (390, 20, 480, 560), BEN: (300, 330, 520, 540)}
    scene.start(sample.ANN, (20, 20, 360, 620), talks, "--theme", "light")
    scene.screen.window(f"{sample.BEN}$")
    scene.start(sample.BEN, (1220, 20, 360, 620), {ann: (880, 250, 540, 620)}, "--theme", "dark")
    scene.screen.front(f"{sample.ANN}$")
    scene.screen.type("Anything else that I should bring?")
    scene.screen.key("Return")
    scene.settle(1)
    scene.screen.front(f"{sample.BEN}$")
    scene.write("Just good shoes 🥾")
    scene.screen.key("Return")
    scene.settle(1)
    scene.screen.front(f"{sample.ANN}$")
    scene.screen.type("And some of ")
    scene.shoot("windows")


def _read(client: Client) -> None:
    """Have read all that was said so far."""
    mids = [push["mid"] for push in client.pushes(0.3) if push.get("cmd") == "private_chat"]
    if mids:
        client.expect("read", peer=sample.ANN, mid=max(mids))


SCENES: tuple[Callable[[Scene], None], ...] = (light, dark, chinese, transfers, windows)


@contextmanager
def stage(app: list[QApplication]) -> Iterator[tuple[Screen, Path]]:
    """The screen, with this process on it, too, so that it can take pictures."""
    with tempfile.TemporaryDirectory(prefix="screenshots-", ignore_cleanup_errors=True) as name:
        screen = Screen(WIDTH, HEIGHT, Path(name))
        try:
            os.environ.update(screen.environ)
            os.environ.update({"QT_QPA_PLATFORM": "xcb", "PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring"})
            screen.environ["PYTHON_KEYRING_BACKEND"] = "keyring.backends.null.Keyring"
            app.append(QApplication(["screenshots"]))
            yield screen, Path(name)
        finally:
            app.clear()
            screen.close()


def main() -> int:
    """Take the pictures that are named, or all."""
    wanted = sys.argv[1:] or [scene.__name__ for scene in SCENES]
    app: list[QApplication] = []
    with stage(app) as (screen, folder):
        wall = Wall()
        wall.show()
        for number, act in enumerate(SCENES):
            if act.__name__ not in wanted:
                continue
            daemons = Daemons(folder / f"server{number}", tls=True)
            scene = Scene(folder / act.__name__, daemons, screen, app[0])
            try:
                sample.fill(daemons, folder / "files")
                act(scene)
            finally:
                scene.close()
                daemons.close()
        wall.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
