"""Somebody travels, or keeps the client open over midnight: all times follow."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import pytest

from qtclient.records import Sent
from qtclient.widgets import said
from qtclient.windows.conversation import ConversationPane
from tests.qtclient.conftest import Meet
from tests.qtclient.person import messages
from tests.qtclient.support import Daemons


@pytest.fixture
def travel() -> Iterator[Callable[[str], None]]:
    """Sets the zone as the desktop does: nobody tells Python. At home again in the end."""
    with pytest.MonkeyPatch.context() as patch:
        yield lambda zone: patch.setenv("TZ", zone)
    time.tzset()


def stamps(pane: ConversationPane) -> list[str]:
    """The times beside the messages, as they are laid out."""
    view = pane.messages.view
    rows = [
        view._bubbles.row(view.model().index(at, 0), view.viewport().width()) for at in range(view.model().rowCount())
    ]
    return [row.stamp for row in rows if row is not None]


def test_the_zone_changes_while_it_runs(
    plain_daemons: Daemons, name: Callable[[str], str], meet: Meet, travel: Callable[[str], None]
) -> None:
    travel("UTC")
    time.tzset()
    plain_daemons.register(name("ann"), name("ben"))
    plain_daemons.befriend(name("ann"), name("ben"))
    ann = meet(plain_daemons, name("ann"))
    ann.log_in()
    ann.online()
    pane = ann.jump(name("ben"))
    ann.write(pane, "where am I")
    ann.hears(pane, "where am I", Sent.STORED)
    before = stamps(pane)
    travel("Asia/Kolkata")
    ann.app._zone.look()
    after = stamps(pane)
    [message] = messages(pane)
    assert after == [said.clock(message.ts)]
    assert after != before
