"""Follows the desktop of its session bus: prints what it wants, has it changed, prints what it wants then."""

from __future__ import annotations

import sys

from PyQt5.QtCore import QTimer
from PyQt5.QtDBus import QDBusConnection, QDBusMessage
from PyQt5.QtWidgets import QApplication

from qtclient.look.desktop import Desktop
from tests.qtclient.look.desktop_service import FACE, PATH, SERVICE


def main() -> int:
    """Ends when the desktop has changed its mind twice."""
    app = QApplication(sys.argv)
    desktop = Desktop(app.palette())

    def changed() -> None:
        print("dark" if desktop.dark else "light", flush=True)
        if desktop.dark:
            QDBusConnection.sessionBus().send(QDBusMessage.createMethodCall(SERVICE, PATH, FACE, "Lighten"))
        else:
            app.quit()

    desktop.changed.connect(changed)
    QTimer.singleShot(20_000, app.quit)
    return app.exec_()


if __name__ == "__main__":
    sys.exit(main())
