"""The desktop client (PyQt5): several windows, and chat and transfers that go on side by side.

Rooms, from the ground up: `records`, `i18n` <- `cache` (SQLite) <- `net` (threads) <- `bridge` (signals) <- `model` (Qt
item models) <- `look` <- `widgets` <- `windows` <- `app`. `cache` and `net` import no Qt.
"""
