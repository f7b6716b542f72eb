"""The linked registry against a dictionary, which keeps the order of insertion, too."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from chatd.registry.linked import Link, LinkedRegistry

_KEYS = st.integers(0, 8)


class _Machine(RuleBasedStateMachine):
    """Inserts, removes and looks up in both, in any order; nodes that were removed come back."""

    def __init__(self) -> None:
        super().__init__()
        self.registry: LinkedRegistry[Link] = LinkedRegistry()
        self.model: dict[int, Link] = {}
        self.nodes = {key: Link() for key in range(9)}

    @rule(key=_KEYS)
    def insert(self, key: int) -> None:
        if key in self.model:
            with pytest.raises(KeyError):
                self.registry.insert(key, Link())
        else:
            self.registry.insert(key, self.nodes[key])
            self.model[key] = self.nodes[key]

    @rule(key=_KEYS)
    def remove(self, key: int) -> None:
        assert self.registry.remove(key) is self.model.pop(key, None)

    @rule(key=_KEYS)
    def find(self, key: int) -> None:
        assert self.registry.get(key) is self.model.get(key)
        assert (key in self.registry) == (key in self.model)

    @invariant()
    def same(self) -> None:
        assert list(self.registry) == list(self.model.values())
        assert len(self.registry) == len(self.model)

    @invariant()
    def same_backwards(self) -> None:
        found = []
        link = self.registry._sentinel._previous
        while link is not self.registry._sentinel:
            found.append(link)
            link = link._previous
        assert found == list(self.model.values())[::-1]


TestLinkedRegistry = _Machine.TestCase
TestLinkedRegistry.settings = settings(
    max_examples=60, stateful_step_count=40, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
