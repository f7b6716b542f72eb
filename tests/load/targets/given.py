"""A chatd that runs already, known by its address alone: accounts, groups and friendships are made over the wire."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

from chatwire.client import Client
from chatwire.errors import LinkError
from tests.load.targets.base import Address, Population, Target, Unusable
from tests.load.wires.base import Person, Wire
from tests.load.wires.chat import ChatWire, shown

AT_ONCE = 8  # connections while accounts are made: a password's hash costs the server a moment
TIMEOUT = 30.0  # seconds until a request must be answered
PATIENCE = 60.0  # seconds for which a server may say that there are too many requests

Work = Callable[[Client, Person], None]


class Given(Target):
    """The server at an address; nothing of it is started, stopped or removed, so what was made there stays."""

    name = "chatd"

    def __init__(self, address: Address) -> None:
        self.wire: Wire = ChatWire()
        self._address = address
        self.name = f"chatd at {address.host}:{address.port}"

    def start(self, population: Population) -> Address:
        owners = {members[0]: name for name, members in population.groups.items()}
        joiners: dict[str, list[str]] = {}
        for name, members in population.groups.items():
            for member in members[1:]:
                joiners.setdefault(member, []).append(name)
        friends: dict[str, list[str]] = {}
        for one, other in population.friends:
            friends.setdefault(other, []).append(one)

        def own(client: Client, person: Person) -> None:
            _ask(client, "create_group", group=owners[person.name])

        def join(client: Client, person: Person) -> None:
            for name in joiners.get(person.name, ()):
                _ask(client, "add_group", group=name)
            for name in friends.get(person.name, ()):
                _ask(client, "add", friend=name)

        people = population.people
        self._all(self._register, people)
        self._all(own, [person for person in people if person.name in owners], resume=True)
        self._all(join, [person for person in people if person.name in joiners or person.name in friends], resume=True)
        with self._connect() as client:  # where authorities decide, the generators' clients insist on what those took
            return replace(self._address, fingerprint=client.fingerprint)

    def stop(self) -> None:
        """Nothing was started."""

    def pids(self) -> Sequence[int]:
        return ()

    def _register(self, client: Client, person: Person) -> None:
        """Make the account; from here on its token is its secret."""
        person.password = password = secrets.token_urlsafe()
        _ask(client, "register", user=person.name, password=password)
        token = _ask(client, "login", user=person.name, password=password, after=-1).get("token")
        if not isinstance(token, str):
            raise Unusable("the server gives no token")
        person.secret = token

    def _all(self, work: Work, people: Iterable[Person], *, resume: bool = False) -> None:
        """Do it for all of them, some at a time, each on a connection of its own."""

        def one(person: Person) -> None:
            with self._connect() as client:
                if resume:
                    _ask(client, "resume", user=person.name, token=person.secret, after=-1)
                work(client, person)

        with ThreadPoolExecutor(AT_ONCE) as pool:
            try:
                for _ in pool.map(one, people):
                    pass
            except LinkError as error:
                raise Unusable(f"{self.name}: {error}") from None
            finally:
                pool.shutdown(cancel_futures=True)

    def _connect(self) -> Client:
        address = self._address
        pin = address.fingerprint or None
        return Client(address.host, address.port, tls=address.tls, fingerprint=pin, timeout=TIMEOUT)


def _ask(client: Client, cmd: str, **fields: Any) -> dict[str, Any]:
    """The reply to a request, which must be a success; waits where the server asks for that. Raises Unusable."""
    end = time.monotonic() + PATIENCE
    while True:
        reply = client.request(cmd, **fields)
        if reply.get("result") == "success":
            return reply
        wait = reply.get("retry_after_ms")
        if not isinstance(wait, int) or time.monotonic() > end:
            raise Unusable(
                f"{cmd}: the server says {shown(str(reply.get('result')).encode())} (is it on --limits off?)"
            )
        time.sleep(min(max(wait, 10) / 1000, PATIENCE))
