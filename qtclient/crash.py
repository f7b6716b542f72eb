"""What nobody has caught: it is logged, shown once in a window that says what to report, and the client lives on.

PyQt ends the process when an exception leaves a slot, unless `sys.excepthook` has been replaced. `Crashes` replaces it,
that of threads, and Qt's own message handler.
"""

from __future__ import annotations

import logging
import os
import platform
import sys
import threading
import traceback
from collections.abc import Callable
from pathlib import Path
from types import TracebackType

from PyQt5.QtCore import (
    PYQT_VERSION_STR,
    QMessageLogContext,
    QObject,
    Qt,
    QtMsgType,
    pyqtSignal,
    qInstallMessageHandler,
    qVersion,
)

from qtclient.windows.crash import CrashWindow

log = logging.getLogger("qtclient.crash")
qt_log = logging.getLogger("qtclient.qt")

_LEVELS = {
    QtMsgType.QtDebugMsg: logging.DEBUG,
    QtMsgType.QtInfoMsg: logging.INFO,
    QtMsgType.QtWarningMsg: logging.WARNING,
    QtMsgType.QtCriticalMsg: logging.ERROR,
    QtMsgType.QtFatalMsg: logging.CRITICAL,
}
MOST = 1000  # different tracebacks that are remembered; what comes beyond is only logged


class Crashes(QObject):
    """The hooks and the window. `caught` may be called in any thread; everything else happens in the GUI thread."""

    _happened = pyqtSignal(str)

    def __init__(self, log_path: Path, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._log_path = log_path
        self._seen: set[str] = set()
        self._lock = threading.Lock()  # guards _seen
        self._window: CrashWindow | None = None
        self._old: tuple[object, object, object] | None = None
        self._happened.connect(self._show, Qt.ConnectionType.QueuedConnection)  # type: ignore[call-arg] # not in the stubs

    def install(self) -> None:
        """Put the hooks in place."""
        self._old = sys.excepthook, threading.excepthook, sys.unraisablehook
        sys.excepthook = self.caught
        threading.excepthook = self._thread_died
        sys.unraisablehook = self._unraisable
        qInstallMessageHandler(qt_message)

    def remove(self) -> None:
        """Undo `install`, and close the window."""
        if self._old is not None:
            sys.excepthook, threading.excepthook, sys.unraisablehook = self._old  # type: ignore[assignment]
            self._old = None
        qInstallMessageHandler(None)
        if self._window is not None:
            self._window.close()
            self._window.deleteLater()
            self._window = None

    # -- any thread --------------------------------------------------------------

    def caught(self, kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        """An exception that nobody wanted. Must not fail itself."""
        try:
            if issubclass(kind, KeyboardInterrupt):
                return  # start.py asks for the end on SIGINT
            text = "".join(traceback.format_exception(kind, error, trace))
            log.error("unexpected: %s", text.rstrip())
            if self._is_new(trace, kind):
                self._happened.emit(text)
        except BaseException as second:
            os.write(2, f"qtclient: {kind.__name__}, and {type(second).__name__} while it was reported\n".encode())

    def _thread_died(self, args: threading.ExceptHookArgs) -> None:
        if args.exc_value is not None and not issubclass(args.exc_type, SystemExit):
            self.caught(args.exc_type, args.exc_value, args.exc_traceback)

    def _unraisable(self, args: sys.UnraisableHookArgs) -> None:
        """In `__del__` and the like: logged, as nothing has stopped working."""
        log.warning("ignored: %s: %r: %r", args.err_msg or "exception", args.object, args.exc_value)

    def _is_new(self, trace: TracebackType | None, kind: type[BaseException]) -> bool:
        """By its places in the code, as the words of an exception may differ each time."""
        places = ";".join(f"{frame.filename}:{frame.lineno}" for frame in traceback.extract_tb(trace))
        mark = f"{kind.__name__} {places}"
        with self._lock:
            if mark in self._seen or len(self._seen) >= MOST:
                return False
            self._seen.add(mark)
        return True

    # -- the GUI thread ----------------------------------------------------------

    def _show(self, text: str) -> None:
        if self._window is None:
            self._window = CrashWindow(versions(), self._log_path)
        self._window.add(text)


def versions() -> str:
    """What a report must say about the machine."""
    return "\n".join(
        (
            f"Python {platform.python_version()}, PyQt {PYQT_VERSION_STR}, Qt {qVersion()}",
            f"{platform.system()} {platform.release()} {platform.machine()}, {_distribution()}",
            f"desktop {os.environ.get('XDG_CURRENT_DESKTOP', '')}, session {os.environ.get('XDG_SESSION_TYPE', '')}",
        )
    )


def _distribution() -> str:
    try:
        return platform.freedesktop_os_release().get("PRETTY_NAME", "unknown")
    except OSError:
        return "unknown distribution"


def qt_message(kind: QtMsgType, context: QMessageLogContext, text: str | None) -> None:
    """What Qt has to say goes to the log. After a fatal message Qt ends the process, so that is said aloud, too."""
    qt_log.log(_LEVELS.get(kind, logging.WARNING), "%s: %s", context.category or "qt", text)
    if kind == QtMsgType.QtFatalMsg:
        on_fatal(text or "")


def _say_fatal(text: str) -> None:
    os.write(2, f"qtclient: Qt cannot go on: {text}\n".encode(errors="replace"))


on_fatal: Callable[[str], None] = _say_fatal
"""What is done about a fatal message; the start has its own words for it."""
