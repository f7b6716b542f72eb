"""A short run of ``make fuzz``, always of the same seed, and what the generator promises."""

from __future__ import annotations

from pathlib import Path

from chatwire.commands import COMMANDS
from tests.conftest import assert_nothing_left, resources
from tests.fuzz.rounds import Rounds, scripts
from tests.fuzz.script import Port
from tests.fuzz.world import World

SEED = 20261201
SECONDS = 10.0  # on each of the two combinations


def test_hostile_input_costs_nobody_else_anything(database_url: str, tls: bool, tmp_path: Path) -> None:
    before = resources()
    world = World(database_url, tmp_path, tls)
    try:
        rounds = Rounds(world, SEED)
        rounds.run(SECONDS, first=1000 * tls)
        world.close()
    finally:
        world.abandon()
    assert rounds.answers["chat"]
    assert rounds.answers["files"]
    assert_nothing_left(before)


def test_a_seed_says_it_all() -> None:
    def said(seed: int, number: int) -> list[str]:
        # An attacker's greeting of TLS is OpenSSL's, which no seed reaches.
        return [repr(script) for script in scripts(seed, number) if script.kind != "records"]

    assert said(1, 7) == said(1, 7)
    assert said(1, 7) != said(2, 7)
    assert said(1, 7) != said(1, 8)


def test_every_command_and_both_ports_and_both_transports_are_attacked() -> None:
    all_scripts = [script for number in range(40) for script in scripts(1, number)]
    words = b"".join(step.data for script in all_scripts if script.port is Port.CHAT for step in script.steps)
    assert not [name for name in COMMANDS if f'"{name}"'.encode() not in words]
    assert {(script.port, script.secure) for script in all_scripts} == {(port, way) for port in Port for way in (0, 1)}
