"""An intrusive doubly linked list with a hash index."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Generic, TypeVar


class Link:
    """What a node must inherit from: it carries the two pointers itself, so a list costs no memory beyond its nodes."""

    __slots__ = ("_next", "_previous")

    def __init__(self) -> None:
        self._previous: Link = self
        self._next: Link = self


N = TypeVar("N", bound=Link)


class LinkedRegistry(Generic[N]):
    """Nodes in the order of their insertion, found by key. Insert, remove and find are O(1).

    It has no lock: the registry that owns it holds its own lock around every call.
    """

    __slots__ = ("_index", "_sentinel")

    def __init__(self) -> None:
        self._index: dict[object, N] = {}
        self._sentinel = Link()

    def __len__(self) -> int:
        return len(self._index)

    def __contains__(self, key: object) -> bool:
        return key in self._index

    def __iter__(self) -> Iterator[N]:
        """From the oldest to the newest. The list must not change meanwhile; take a snapshot under the lock."""
        link = self._sentinel._next
        while link is not self._sentinel:
            yield link  # type: ignore[misc]
            link = link._next

    def get(self, key: object) -> N | None:
        """Return the node of a key, or None."""
        return self._index.get(key)

    def insert(self, key: object, node: N) -> None:
        """Append a node.

        Raises:
            KeyError: the key has a node already.
        """
        if key in self._index:
            raise KeyError(key)
        self._index[key] = node
        last = self._sentinel._previous
        node._previous, node._next = last, self._sentinel
        last._next = self._sentinel._previous = node

    def remove(self, key: object) -> N | None:
        """Unlink the node of a key and return it; None when there is none."""
        node = self._index.pop(key, None)
        if node is not None:
            node._previous._next = node._next
            node._next._previous = node._previous
            node._previous = node._next = node
        return node
