"""A small world to look at: people who know each other, a group, and what they said in the last days."""

from __future__ import annotations

import contextlib
import hashlib
import math
import sqlite3
import time
from dataclasses import dataclass
from pathlib import Path

from PyQt5.QtCore import QPointF, Qt
from PyQt5.QtGui import QColor, QImage, QLinearGradient, QPainter, QPolygonF

from chatwire.client import Client
from chatwire.transfer.upload import upload
from tests.qtclient.support import PASSWORD, Daemons

ANN, BEN = "Ann", "Ben"
OTHERS = ("Clara", "Dmitri", "王小明", "Olga")
GROUP = "Weekend hike"
TEAM = "项目组"


@dataclass(frozen=True)
class Said:
    """``to`` is a name, or ``#`` and a group; ``ago`` in minutes; a ``text`` after ``file:`` names a picture."""

    ago: int
    sender: str
    to: str
    text: str


DAY = 24 * 60

HISTORY = (
    Said(3 * DAY + 190, "Olga", ANN, "The library has your book. They keep it until Friday."),
    Said(3 * DAY + 185, ANN, "Olga", "Thank you! I'll pick it up tomorrow."),
    Said(2 * DAY + 400, "Dmitri", f"#{GROUP}", "Who is in for Saturday? The forecast says sun."),
    Said(2 * DAY + 392, "Clara", f"#{GROUP}", "Me! 🥾"),
    Said(2 * DAY + 380, ANN, f"#{GROUP}", "Count me in. Which way are we going?"),
    Said(2 * DAY + 371, "Dmitri", f"#{GROUP}", "Up by the lake, down through the forest. About five hours."),
    Said(2 * DAY + 360, BEN, f"#{GROUP}", "I can take four in the car."),
    Said(DAY + 300, "王小明", f"#{TEAM}", "明天下午三点开会，讨论下一个版本。"),
    Said(DAY + 297, ANN, f"#{TEAM}", "好的，我把测试结果整理一下。"),
    Said(DAY + 260, BEN, ANN, "Have you seen the view from the hut? I was up there on Sunday."),
    Said(DAY + 259, BEN, ANN, "file:lake.png"),
    Said(DAY + 250, ANN, BEN, "That is beautiful. Was it cold?"),
    Said(
        DAY + 246, BEN, ANN,
        "A little, in the wind. But there was hot soup, and the way down took only two hours.\n"
        "The map is at https://example.org/maps/lake?day=sunday if you want to have a look.",
    ),
    Said(DAY + 240, ANN, BEN, "I'll bring the big thermos then ☕"),
    Said(120, "王小明", ANN, "会议纪要我放在共享文件夹里了，有空看看。"),
    Said(118, ANN, "王小明", "收到，谢谢！"),
    Said(95, "Clara", f"#{GROUP}", "Train leaves at 8:12. I have the tickets 🎫"),
    Said(60, BEN, f"#{GROUP}", "Then I'll meet you at the station, by the clock."),
    Said(14, ANN, BEN, "Did the tickets for Saturday arrive?"),
    Said(9, BEN, ANN, "Yes, this morning. All four seats together 👍"),
    Said(3, "Dmitri", f"#{GROUP}", "Don't forget sunscreen!"),
)  # fmt: skip


def fill(daemons: Daemons, folder: Path) -> None:
    """Make the accounts and let them talk; ``folder`` is for the files that they send."""
    daemons.register(ANN, BEN, *OTHERS)
    daemons.befriend(ANN, BEN, *OTHERS)
    daemons.befriend(BEN, "Clara", "Dmitri")
    daemons.make_group(GROUP, "Dmitri", ANN, BEN, "Clara")
    daemons.make_group(TEAM, "王小明", ANN, "Olga")
    people: dict[str, Client] = {}
    try:
        for name in (ANN, BEN, *OTHERS):
            people[name] = daemons.chat.connect()
            people[name].login(name, PASSWORD, after=-1)
        mids = [_say(people[said.sender], said, folder, daemons.fingerprint) for said in HISTORY]
        for client in people.values():
            client.expect("ack", mid=max(mids))
            _read_all(client, mids)
        people[ANN].expect("history", peer=BEN, limit=1)  # whoever reads has the server make rows of what it took in
    finally:
        for client in people.values():
            client.close()
    _backdate(daemons.data / "chat.db", mids)


def _say(client: Client, said: Said, folder: Path, fingerprint: str) -> int:
    name, _, group = said.to.partition("#")
    if said.text.startswith("file:"):
        path = folder / said.text.removeprefix("file:")
        picture(path)
        return _send(client, name, group, path, fingerprint)
    reply = client.group_chat(group, said.text) if group else client.private_chat(name, said.text)
    return int(reply["mid"])


def _send(client: Client, name: str, group: str, path: Path, fingerprint: str) -> int:
    data = path.read_bytes()
    where = {"group": group} if group else {"to_user": name}
    sha256 = hashlib.sha256(data).hexdigest()
    offer = client.request("send_file", **where, filename=path.name, length=len(data), sha256=sha256)
    upload(offer["url"], path, fingerprint=fingerprint or None)
    return int(offer["mid"])


def _read_all(client: Client, mids: list[int]) -> None:
    for said, mid in zip(HISTORY[:-1], mids, strict=False):
        name, _, group = said.to.partition("#")
        with contextlib.suppress(Exception):  # not in that group
            if group:
                client.request("read", group=group, mid=mid)
            elif client.user in (name, said.sender):
                client.request("read", peer=said.sender if client.user == name else name, mid=mid)


def _backdate(database: Path, mids: list[int]) -> None:
    """What was said just now was said on other days."""
    now = int(time.time() * 1000)
    with contextlib.closing(sqlite3.connect(database, timeout=20)) as connection, connection:
        for said, mid in zip(HISTORY, mids, strict=True):
            changed = connection.execute("UPDATE messages SET ts = ? WHERE mid = ?", (now - said.ago * 60_000, mid))
            assert changed.rowcount == 1, f"the server has not made a row of message {mid} yet"


def picture(path: Path, width: int = 1280, height: int = 853) -> None:
    """Write a landscape: evening sky, mountains, a lake."""
    image = QImage(width, height, QImage.Format.Format_RGB32)
    painter = QPainter(image)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    sky = QLinearGradient(0, 0, 0, height * 0.6)
    for place, colour in ((0.0, "#23395b"), (0.55, "#8e6c8a"), (0.85, "#f2a65a"), (1.0, "#f9d29d")):
        sky.setColorAt(place, QColor(colour))
    painter.fillRect(image.rect(), sky)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor("#fdf0d5"))
    painter.drawEllipse(QPointF(width * 0.68, height * 0.46), height * 0.05, height * 0.05)
    for number, colour in enumerate(("#6d6a8c", "#4a4e69", "#2b2d42")):
        painter.setBrush(QColor(colour))
        painter.drawPolygon(_ridge(width, height, number))
    lake = QLinearGradient(0, height * 0.72, 0, height)
    for place, colour in ((0.0, "#e0a96d"), (0.25, "#7d6b83"), (1.0, "#1f2a44")):
        lake.setColorAt(place, QColor(colour))
    painter.fillRect(0, int(height * 0.74), width, height, lake)
    painter.end()
    path.parent.mkdir(parents=True, exist_ok=True)
    assert image.save(str(path))


def _ridge(width: int, height: int, number: int) -> QPolygonF:
    """One line of mountains, the nearer the lower."""
    base = height * (0.5 + 0.08 * number)
    points = [QPointF(0, height)]
    for step in range(101):
        x = step / 100
        bumps = (1, 0.5, 0.31, 0.17)
        rise = sum(size * math.sin(x * (7 + 11 * n) + number * 2.1 + n) for n, size in enumerate(bumps))
        points.append(QPointF(x * width, base - rise * height * (0.055 - 0.012 * number)))
    return QPolygonF([*points, QPointF(width, height)])
