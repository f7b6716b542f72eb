"""Original clients and others of one pair of daemons, who know each other by names that nobody else has."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

from chatwire.client import Client
from tests.support.original_client import OriginalClient
from tests.support.running import Clients

_numbers = itertools.count(1)


class Cast:
    """Makes people; `close` ends them all, and fails when one of the original clients has lost something.

    A password is the name.
    """

    def __init__(self, clients: Clients, folder: Path) -> None:
        self.folder = folder
        self._clients = clients
        self._number = next(_numbers)
        self._accounts: set[str] = set()
        self._made: list[OriginalClient] = []

    def name(self, word: str) -> str:
        return f"{word}.{self._number}"

    def account(self, *words: str) -> list[str]:
        """New users, who are not there yet; their names."""
        names = [self.name(word) for word in words]
        for name in names:
            if name not in self._accounts:
                self._accounts.add(name)
                with self._clients.connect() as client:
                    client.register(name, name)
        return names

    def befriend(self, *words: str) -> list[str]:
        """The first becomes a friend of all others; nobody is there yet."""
        names = self.account(*words)
        with self.modern(words[0]) as client:
            for name in names[1:]:
                client.expect("add", friend=name)
            client.expect("offline")
        return names

    def in_group(self, word: str, *members: str) -> str:
        """A group with these members, of whom nobody is there yet."""
        group = self.name(word)
        self.account(*members)
        for index, member in enumerate(members):
            with self.modern(member) as client:
                client.expect("add_group" if index else "create_group", group=group)
                client.expect("offline")
        return group

    def original(self, word: str, **more: Any) -> OriginalClient:
        """The original client, at its login window."""
        folder = self.folder / f"{word}-{len(self._made)}"
        folder.mkdir()
        self._made.append(OriginalClient((self._clients.host, self._clients.port), self.name(word), folder, **more))
        return self._made[-1]

    def enter(self, word: str, **more: Any) -> OriginalClient:
        """The same, logged in."""
        [name] = self.account(word)
        client = self.original(word, **more)
        client.enter(known=True)
        assert client.name == name
        return client

    def modern(self, word: str, after: int | None = -1) -> Client:
        """A session of a client of today."""
        [name] = self.account(word)
        return self._clients.again(name, after)

    def file(self, content: bytes, name: str = "My photo 照片.jpg") -> Path:
        """A file that somebody can send."""
        path = self.folder / name
        path.write_bytes(content)
        return path

    def close(self) -> None:
        """End everybody, then judge the original clients."""
        try:
            for client in self._made:
                client.assert_well()
        finally:
            for client in self._made:
                client.kill()
