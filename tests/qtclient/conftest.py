"""Qt without a screen, daemons in processes of their own, and the look for what is left behind."""

from __future__ import annotations

import gc
import itertools
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

# Before Qt is imported: nothing here depends on a screen, nor on the desktop, language or input method of who runs it.
os.environ["QT_QPA_PLATFORM"] = "offscreen"
for _name in (
    "QT_IM_MODULE",
    "QT_PLUGIN_PATH",
    "QT_STYLE_OVERRIDE",
    "QT_QPA_PLATFORMTHEME",
    "GTK_THEME",
):
    os.environ.pop(_name, None)
os.environ["DBUS_SESSION_BUS_ADDRESS"] = "unix:path=/nonexistent/bus"
os.environ["PYTHON_KEYRING_BACKEND"] = "keyring.backends.null.Keyring"

from PyQt5.QtCore import QCoreApplication, Qt, QThreadPool  # noqa: E402
from PyQt5.QtDBus import QDBusConnection  # noqa: E402
from PyQt5.QtWidgets import QApplication  # noqa: E402

from tests.conftest import assert_nothing_left, resources  # noqa: E402
from tests.qtclient.support import Daemons, turn  # noqa: E402

if TYPE_CHECKING:  # the tests of lower rooms need not load the whole client
    from tests.qtclient.person import Person

DaemonsFactory = Callable[..., Daemons]
Meet = Callable[..., "Person"]

_numbers = itertools.count(1)


@pytest.fixture(scope="session", autouse=True)
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Nobody's own settings are read or written: all XDG folders are the tests' own."""
    folder = tmp_path_factory.mktemp("home")
    names = {"HOME": "", "XDG_CONFIG_HOME": "config", "XDG_DATA_HOME": "data", "XDG_CACHE_HOME": "cache",
             "XDG_STATE_HOME": "state", "XDG_DOWNLOAD_DIR": "downloads", "XDG_RUNTIME_DIR": "run"}  # fmt: skip
    with pytest.MonkeyPatch.context() as patch:
        for name, part in names.items():
            (folder / part).mkdir(mode=0o700, exist_ok=True)
            patch.setenv(name, str(folder / part))
        yield folder


@pytest.fixture(scope="session")
def qapp(home: Path, qapp_args: list[str]) -> QApplication:
    """The one application of the whole run; a second one would crash."""
    QCoreApplication.setAttribute(Qt.ApplicationAttribute.AA_EnableHighDpiScaling)
    QCoreApplication.setAttribute(Qt.ApplicationAttribute.AA_UseHighDpiPixmaps)
    app = QApplication(qapp_args)
    app.setApplicationName("qtclient")
    app.setQuitOnLastWindowClosed(False)
    QDBusConnection.sessionBus()  # has a thread of Qt's own from then on, which no test shall seem to leave behind
    return app


@pytest.fixture(scope="session")
def make_home_pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[bool], Daemons]]:
    """The daemons that all tests share, one pair in plain text and one over TLS, started when first asked for."""
    pairs: dict[bool, Daemons] = {}

    def make(tls: bool) -> Daemons:
        if tls not in pairs:
            pairs[tls] = Daemons(tmp_path_factory.mktemp("daemons"), tls)
        return pairs[tls]

    yield make
    for pair in pairs.values():
        pair.close()


@pytest.fixture(scope="session", params=["plain", "tls"])
def _shared(request: pytest.FixtureRequest, make_home_pair: Callable[[bool], Daemons]) -> Daemons:
    return make_home_pair(request.param == "tls")


@pytest.fixture
def daemons(_shared: Daemons) -> Iterator[Daemons]:
    """Running daemons, in plain text and over TLS. Others use them, too: take names from `name`, and stop nothing."""
    yield _shared
    _shared.hang_up()


@pytest.fixture(scope="session")
def _shared_plain(make_home_pair: Callable[[bool], Daemons]) -> Daemons:
    return make_home_pair(False)


@pytest.fixture
def plain_daemons(_shared_plain: Daemons) -> Iterator[Daemons]:
    """Like `daemons`, in plain text only: for what does not depend on it."""
    yield _shared_plain
    _shared_plain.hang_up()


@pytest.fixture
def own_daemons(tls: bool, tmp_path: Path, nothing_left: None) -> Iterator[Daemons]:
    """Daemons that a test may kill and restart."""
    pair = Daemons(tmp_path / "daemons", tls)
    yield pair
    pair.close()


@pytest.fixture
def make_daemons(tmp_path: Path, nothing_left: None) -> Iterator[DaemonsFactory]:
    """The same with options: ``make_daemons(tls=False, chat=("--max-file", "1000"), files=())``."""
    pairs: list[Daemons] = []

    def make(tls: bool = False, chat: tuple[str, ...] = (), files: tuple[str, ...] = ()) -> Daemons:
        pairs.append(Daemons(tmp_path / f"daemons-{len(pairs)}", tls, chat, files))
        return pairs[-1]

    yield make
    for pair in pairs:
        pair.close()


@pytest.fixture
def name() -> Callable[[str], str]:
    """Makes a name that no other test has: ``name("ann")``."""
    number = next(_numbers)
    return lambda word: f"{word}{number}"


@pytest.fixture
def profile(tmp_path: Path) -> Path:
    """An empty profile folder."""
    folder = tmp_path / "profile"
    folder.mkdir(mode=0o700)
    return folder


@pytest.fixture(autouse=True)
def nothing_left(qapp: QApplication) -> Iterator[None]:
    """After each test no window, thread, descriptor or child of it may be left. What a session shares comes before."""
    windows = set(map(id, QApplication.topLevelWidgets()))
    before = resources()
    yield
    settle()
    left = [widget for widget in QApplication.topLevelWidgets() if id(widget) not in windows]
    assert not left, f"windows left behind: {left}"
    assert_nothing_left(before)


def settle() -> None:
    """Let everything that was to be deleted be deleted, and Qt's own threads that scale pictures end."""
    QThreadPool.globalInstance().waitForDone()
    for _ in range(3):
        turn()
        gc.collect()


@pytest.fixture
def meet(tmp_path: Path, nothing_left: None) -> Iterator[Meet]:
    """People with profiles of their own, who all leave at the end."""
    from tests.qtclient.person import Person

    people: list[Person] = []

    def make(daemons: Daemons, name: str, server: str = "") -> Person:
        people.append(Person(daemons, name, tmp_path / "profiles" / f"{len(people)}", server))
        return people[-1]

    yield make
    for person in people:
        person.leave()
