"""A server under test: prepared, started, and stopped."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass

from tests.load.wires.base import Person, Wire


class Unusable(Exception):
    """A server cannot take part; the message is one line that says why."""


@dataclass(frozen=True)
class Population:
    """Who is to be there before the clients come: accounts, the groups with their members' names, and friends."""

    people: Sequence[Person]
    groups: dict[str, Sequence[str]]
    friends: Sequence[tuple[str, str]] = ()


@dataclass(frozen=True)
class Address:
    """Where clients connect. ``fingerprint``: of the certificate that must be shown; "": any (peers under TLS)."""

    host: str
    port: int
    tls: bool = False
    fingerprint: str = ""


class Target(ABC):
    """One server. All methods are called by the conductor's thread, which waits for them.

    ``name`` is shown in tables; ``engine`` is the database ("" without one) and ``version`` what the server calls
    itself.
    """

    name: str
    engine: str = ""
    version: str = ""
    wire: Wire

    @abstractmethod
    def start(self, population: Population) -> Address:
        """Start it, make the accounts and groups it needs, and return where it serves.

        May set the ``secret`` of people; what it starts, `stop` ends, also when this raises.

        Raises:
            Unusable: it is not installed, or does not come up.
        """

    def restart(self, address: Address) -> None:
        """End it and start it again, at the same address.

        Raises:
            Unusable: it does not come up, or is not ours to be ended.
        """
        raise Unusable(f"{self.name} cannot be started again by this program")

    @abstractmethod
    def stop(self) -> None:
        """End all that was started and remove its files. May be called twice, and after a failed start."""

    @abstractmethod
    def pids(self) -> Sequence[int]:
        """The server's processes, whose children are counted, too; empty for one that was not started here."""

    def database_pids(self) -> Sequence[int]:
        """The database server's, where there is one of its own."""
        return ()
