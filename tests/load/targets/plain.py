"""Our protocol on plain asyncio with uvloop, without storage: `tests.load.plain_server`."""

from __future__ import annotations

import secrets
import sys
from collections.abc import Sequence
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path
from typing import ClassVar

import orjson

from tests.bench.process import Unusable
from tests.load.targets.base import Population
from tests.load.targets.peer import Peer
from tests.load.wires.chat import ChatWire


class Plain(Peer):
    """Knows accounts and groups from its start, as a server with a database does."""

    name = "uvloop"
    binary: ClassVar[str] = sys.executable
    wire = ChatWire()

    def prepare(self, found: str, folder: Path, port: int, population: Population) -> Sequence[str]:
        if find_spec("uvloop") is None:
            raise Unusable("not installed")
        self.version = f"uvloop {metadata.version('uvloop')} on Python {sys.version.split()[0]}"
        for person in population.people:
            person.secret = secrets.token_urlsafe()
        known = {
            "users": {person.name: person.secret for person in population.people},
            "groups": {name: list(members) for name, members in population.groups.items()},
        }
        path = folder / "known.json"
        path.write_bytes(orjson.dumps(known))
        return [found, "-m", "tests.load.plain_server", "--port", str(port), "--known", str(path)]
