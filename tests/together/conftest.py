"""A chat server and a file daemon that share a database and a data folder, as `make run` starts them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import assert_nothing_left, resources
from tests.support.filing import RunningFiled
from tests.support.running import RunningServer
from tests.support.waiting import wait_until


class Both:
    """``chat`` and ``files`` know of each other."""

    def __init__(self, database: str, data: Path, tls: bool, name: str, *options: str) -> None:
        """``options``: of the chat server."""
        self._made_from = database, data, tls, name
        self._options = options
        self.chat = RunningServer(*self._made_from, *options)
        self.files = RunningFiled(database, data, tls)
        self._chats = [self.chat]
        self.await_link()

    def await_link(self) -> None:
        """Return once files can be sent."""
        link = self.chat.server.services.file_link
        wait_until(lambda: link.present and link.port == self.files.port, "the file daemon has connected")

    def restart_chat(self) -> None:
        """Another chat server in place of the one that was stopped; its port is another one, too."""
        self.chat = RunningServer(*self._made_from, *self._options)
        self._chats.append(self.chat)
        self.await_link()

    def close(self) -> None:
        """Stop everything; what is left on the disk must be what the index says."""
        for chat in self._chats:
            chat.close()
            chat.stop()
        self.files.stop()
        self.files.assert_tidy()
        self.files.close()


@pytest.fixture
def both(database_url: str, tls: bool, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Both]:
    """Both daemons in this process, on each engine, in plain text and over TLS."""
    before = resources()
    pair = Both(database_url, tmp_path, tls, request.node.name)
    yield pair
    pair.close()
    assert_nothing_left(before)
