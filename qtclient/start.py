"""From the command line to the first window: everything that has to be settled before there is one."""

from __future__ import annotations

import logging
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from chatwire.standard_streams import complain, open_missing
from qtclient import input_methods
from qtclient.logs import close_log, open_log
from qtclient.options import Options, parse
from qtclient.places import make_private, plugin_folder

if TYPE_CHECKING:
    from PyQt5.QtCore import QMessageLogContext, QtMsgType
    from PyQt5.QtWidgets import QApplication

SWITCH_INTERVAL = 0.001  # seconds that a thread keeps the interpreter when the windows' thread wants it

_HARMLESS = dict.fromkeys((*range(32), *range(127, 160)))


class CannotStart(Exception):
    """Why there will be no window, in one line."""


def main(argv: list[str] | None = None) -> int:
    """Run until the user leaves. Returns 0; 2 when it could not begin, or 1 when it broke, said in one line."""
    open_missing()
    options = parse(argv)
    try:
        return _run(options)
    except CannotStart as problem:
        complain(f"qtclient: {problem}")
        return 2
    except Exception as error:
        logging.getLogger("qtclient.crash").exception("the client ends")
        complain(f"qtclient: {type(error).__name__}: {error!s:.300}".translate(_HARMLESS))
        return 1


def _run(options: Options) -> int:
    _expect_display()
    _expect_qt()
    from qtclient.instance import claim

    try:
        make_private(options.profile)
        door = claim(options.profile)
        if door is None:
            return 0  # the client that runs already shows itself
        log_path = open_log(options.profile)
    except OSError as error:
        raise CannotStart(f"the profile folder {error.filename or options.profile}: {error.strerror}") from None
    sys.setswitchinterval(SWITCH_INTERVAL)
    with door:
        app = _application()
        from qtclient.app import run

        code = run(app, options, log_path, door)
    close_log()
    return code


def _expect_display() -> None:
    """Where there is none, Qt would end the process with a core dump."""
    if not any(os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")):
        raise CannotStart("there is no screen: neither DISPLAY nor WAYLAND_DISPLAY is set")


def _expect_qt() -> None:
    try:
        import PyQt5.QtWidgets  # noqa: F401
    except ImportError as error:
        raise CannotStart(f"PyQt5 cannot be loaded ({error}); `make client` installs what it needs") from None


def _application() -> QApplication:
    """The one application object, sharp on every screen, with the user's input method."""
    from PyQt5.QtCore import QLibraryInfo, Qt, qInstallMessageHandler
    from PyQt5.QtWidgets import QApplication

    from qtclient import scaling

    QApplication.setAttribute(Qt.ApplicationAttribute.AA_EnableHighDpiScaling)
    QApplication.setAttribute(Qt.ApplicationAttribute.AA_UseHighDpiPixmaps)
    QApplication.setHighDpiScaleFactorRoundingPolicy(scaling.policy(os.environ))
    before = {name: os.environ.get(name) for name in (input_methods.MODULE, input_methods.PATH)}
    plugins = Path(QLibraryInfo.location(QLibraryInfo.LibraryLocation.PluginsPath))
    input_methods.prepare(os.environ, plugin_folder(), plugins)
    old_handler = qInstallMessageHandler(_no_window)
    app = QApplication(sys.argv[:1])
    qInstallMessageHandler(old_handler)
    _restore(before)  # it is not for the programs that files are opened with
    app.setApplicationName("qtclient")
    app.setDesktopFileName("qtclient")
    app.setQuitOnLastWindowClosed(False)
    return app


def _restore(before: dict[str, str | None]) -> None:
    for name, value in before.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value


def _no_window(kind: QtMsgType, context: QMessageLogContext, text: str | None) -> None:
    """What Qt says while it looks for the screen. After a fatal message it would abort."""
    from PyQt5.QtCore import QtMsgType

    logging.getLogger("qtclient.qt").warning("%s", text)
    if kind == QtMsgType.QtFatalMsg:
        where = os.environ.get("QT_QPA_PLATFORM") or os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
        words = f"qtclient: no window can be opened on {where}; the log says why (`make client` installs libraries)"
        os.write(2, f"{words}\n".encode(errors="replace"))
        os._exit(2)
