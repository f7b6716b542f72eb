"""A desktop on a session bus of its own: the portal of its settings."""

from __future__ import annotations

import sys

from PyQt5.QtCore import Q_CLASSINFO, QCoreApplication, QMetaType, QObject, pyqtSlot
from PyQt5.QtDBus import QDBusAbstractAdaptor, QDBusArgument, QDBusConnection, QDBusMessage, QDBusVariant

SERVICE, PATH = "org.freedesktop.portal.Desktop", "/org/freedesktop/portal/desktop"
FACE = "org.freedesktop.portal.Settings"
_DARK, _LIGHT = 1, 2


def _unsigned(value: int) -> QDBusVariant:
    argument = QDBusArgument()
    argument.add(value, QMetaType.Type.UInt)
    return QDBusVariant(argument)


class Portal(QDBusAbstractAdaptor):
    """Dark, until somebody wants light."""

    Q_CLASSINFO("D-Bus Interface", FACE)
    Q_CLASSINFO("D-Bus Introspection", "")

    @pyqtSlot(QDBusMessage)
    def Read(self, message: QDBusMessage) -> None:  # noqa: N802
        QDBusConnection.sessionBus().send(message.createReply([_unsigned(_DARK)]))

    @pyqtSlot(QDBusMessage)
    def Lighten(self, message: QDBusMessage) -> None:  # noqa: N802
        signal = QDBusMessage.createSignal(PATH, FACE, "SettingChanged")
        signal.setArguments(["org.freedesktop.appearance", "color-scheme", _unsigned(_LIGHT)])
        QDBusConnection.sessionBus().send(signal)


def main() -> int:
    """Serve until somebody ends it."""
    app = QCoreApplication(sys.argv)
    bus, owner = QDBusConnection.sessionBus(), QObject(app)
    kept = Portal(owner)
    good = bus.registerObject(PATH, owner) and bus.registerService(SERVICE)
    print("ready" if good and kept else "failed", flush=True)
    return app.exec_()


if __name__ == "__main__":
    sys.exit(main())
