"""Tell those whom a file concerns how far it is.

What is known of a file is in `registry.Transfers`, which any thread may change. The telling is done by one loop, so
that nobody hears of states in another order than they came about, and only of the newest.
"""

from __future__ import annotations

import time
from collections.abc import Sequence

from chatbase.files import File
from chatd.commands.services import Services
from chatd.net.loop import LoopStopped
from chatd.registry.nodes import Session
from chatd.registry.transfers import News, Report

LARGE_GROUP = 20  # members online; in a larger one only the sender hears of every step


def over(services: Services, file: File, report: Report) -> None:
    """A file has come to an end here, not by the file daemon. Any thread."""
    services.transfers.add(file, "")
    services.transfers.report(file.id, report)
    services.file_link.tell({"cmd": "file_withdrawn", "file": file.id})
    changed(services, file.id)


def changed(services: Services, file_id: str) -> None:
    """Something may have to be told. Any thread."""
    try:
        services.presence_loop.post(lambda: _tell(services, file_id))
    except LoopStopped:
        return  # stopping: nobody is left to be told


def _tell(services: Services, file_id: str, *, timer: bool = False) -> None:
    news = services.transfers.untold(file_id, time.monotonic(), timer=timer)
    if isinstance(news, News):
        services.push(_concerned(services, news), news.push)
    elif news is not None:
        services.presence_loop.call_later(news, lambda: _tell(services, file_id, timer=True))


def _concerned(services: Services, news: News) -> list[Session]:
    """Sessions of the sender and the receivers; the original client would not know what to do with a state."""
    sessions = [*services.online.sessions(news.sender)]
    if news.recipient is not None:
        sessions += services.online.sessions(news.recipient)
    if news.group is not None and not (news.progress and services.groups.count(news.group) > LARGE_GROUP):
        sessions += members(services, news.group)
    return [session for session in dict.fromkeys(sessions) if not session.peer.legacy]


def members(services: Services, group_id: int) -> Sequence[Session]:
    """The sessions of a group's members who are online."""
    node = services.groups.find(group_id)
    return [session for part in services.online.fanout(node).values() for session in part] if node else []
