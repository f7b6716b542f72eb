"""What is measured: the works, and which servers take part in each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tests.bench.peers.base import Peer


@dataclass(frozen=True)
class Work:
    """``many``: all small files at a time, else the large one alone."""

    key: str
    up: bool
    many: bool = False
    tls: bool = False

    def title(self, clients: int) -> str:
        """For people; ``clients`` is how many there are at a time."""
        words = f"{clients} parallel {'uploads' if self.up else 'downloads'}" if self.many else ""
        return (words or ("upload" if self.up else "download")) + (", TLS" if self.tls else "")


DOWN = Work("down", up=False)
UP = Work("up", up=True)
DOWN_MANY = Work("down-many", up=False, many=True)
UP_MANY = Work("up-many", up=True, many=True)
DOWN_TLS = Work("down-tls", up=False, tls=True)
UP_TLS = Work("up-tls", up=True, tls=True)

ALL = (DOWN, UP, DOWN_MANY, UP_MANY, DOWN_TLS, UP_TLS)


@dataclass(frozen=True)
class Contender:
    """A server in one of its ways of working."""

    peer: Peer
    hashed: bool = False

    @property
    def label(self) -> str:
        """For people; also the key of its results."""
        return with_hash(self.peer.name) if self.hashed else self.peer.name


def with_hash(name: str) -> str:
    """The label of a server that verifies the SHA-256 of what it is sent."""
    return f"{name} + SHA-256"


def contenders(work: Work, peers: Sequence[Peer]) -> list[Contender]:
    """Who takes part in a work."""
    found = []
    for peer in peers:
        if (work.tls and not peer.tls) or (work.many and not peer.parallel) or not (work.up or peer.downloads):
            continue
        found.append(Contender(peer))
        if work.up and peer.hashes:
            found.append(Contender(peer, hashed=True))
    return found
