"""A desktop on a session bus of its own: the portal of its settings, and its notices. It prints what it is asked."""

from __future__ import annotations

import sys

from PyQt5.QtCore import Q_CLASSINFO, QCoreApplication, QMetaType, QObject, pyqtSlot
from PyQt5.QtDBus import QDBusAbstractAdaptor, QDBusArgument, QDBusConnection, QDBusMessage, QDBusVariant

_PORTAL, _NOTICES = "/org/freedesktop/portal/desktop", "/org/freedesktop/Notifications"
_DARK, _LIGHT = 1, 2


def _unsigned(value: int) -> QDBusVariant:
    argument = QDBusArgument()
    argument.add(value, QMetaType.Type.UInt)
    return QDBusVariant(argument)


class Portal(QDBusAbstractAdaptor):
    """Dark at first; light once a notice has come."""

    Q_CLASSINFO("D-Bus Interface", "org.freedesktop.portal.Settings")
    Q_CLASSINFO("D-Bus Introspection", "")

    @pyqtSlot(QDBusMessage)
    def Read(self, message: QDBusMessage) -> None:  # noqa: N802
        QDBusConnection.sessionBus().send(message.createReply([_unsigned(_DARK)]))


class Notices(QDBusAbstractAdaptor):
    """Prints them."""

    Q_CLASSINFO("D-Bus Interface", "org.freedesktop.Notifications")
    Q_CLASSINFO("D-Bus Introspection", "")

    @pyqtSlot(QDBusMessage)
    def Notify(self, message: QDBusMessage) -> None:  # noqa: N802
        print(message.signature(), *message.arguments()[3:5], sep="|", flush=True)
        signal = QDBusMessage.createSignal(_PORTAL, "org.freedesktop.portal.Settings", "SettingChanged")
        signal.setArguments(["org.freedesktop.appearance", "color-scheme", _unsigned(_LIGHT)])
        QDBusConnection.sessionBus().send(signal)


def main() -> int:
    """Serve until somebody ends it."""
    app = QCoreApplication(sys.argv)
    bus = QDBusConnection.sessionBus()
    owners = (QObject(app), QObject(app))
    kept = (Portal(owners[0]), Notices(owners[1]))
    good = bus.registerObject(_PORTAL, owners[0]) and bus.registerObject(_NOTICES, owners[1])
    names = ("org.freedesktop.portal.Desktop", "org.freedesktop.Notifications")
    good = good and all(bus.registerService(name) for name in names)
    print("ready" if good and kept else "failed", flush=True)
    return app.exec_()


if __name__ == "__main__":
    sys.exit(main())
