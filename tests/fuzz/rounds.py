"""Rounds of attackers, all at the same time, beside the neighbours. Who takes part follows from seed and number."""

from __future__ import annotations

import random
import threading
import time
from collections import Counter

from tests.fuzz import chat_scripts, http_scripts, wild_scripts
from tests.fuzz.answers import fault
from tests.fuzz.attacker import Attacker
from tests.fuzz.script import Ending, Port, Script, Step
from tests.fuzz.values import Cast
from tests.fuzz.world import World
from tests.support.waiting import DEADLINE

SETTLE = 10  # rounds between two looks at what is still held
WARM_UP = 10  # rounds until the pools are full and all modules are loaded
_KINDS = 2 * (*["words", "requests"] * 3, "noise", "records", "spoilt words", "spoilt requests")


class Fault(AssertionError):
    """What was found, and how to see it again."""


def scripts(seed: int, number: int) -> list[Script]:
    """The attackers of one round."""
    users = tuple(f"eve {seed % 10**6} {number} {index}" for index in range(4))
    groups = (f"gang {seed % 10**6} {number}", "quiet corner", "no such group")
    return [
        _script(
            random.Random(f"{seed} {number} {index}"), kind, Cast(users[index % 4], (*users, "ann", "nobody"), groups)
        )
        for index, kind in enumerate(_KINDS)
    ]


def _script(rng: random.Random, kind: str, cast: Cast) -> Script:
    port = rng.choice(tuple(Port)) if kind in ("noise", "records") else Port.CHAT if "words" in kind else Port.FILES
    size = rng.choice((0, 1, 1000, 1000, 1000, 200_000))
    secure = kind != "records" and rng.random() < 0.4
    return Script(
        port, kind, secure, _steps(rng, kind, cast, size), rng.choice(tuple(Ending)),
        f"127.{rng.randint(1, 250)}.{rng.randint(0, 250)}.{rng.randint(1, 250)}", size,
        spoil=rng.choice((0, 0, 1, 4)) if secure and kind.startswith("spoilt") else 0, seed=rng.getrandbits(32),
    )  # fmt: skip


def _steps(rng: random.Random, kind: str, cast: Cast, size: int) -> tuple[Step, ...]:
    if kind == "noise":
        return wild_scripts.noise(rng)
    if kind == "records":
        return wild_scripts.records(rng)
    steps = chat_scripts.steps(rng, cast) if "words" in kind else http_scripts.steps(rng, size)
    return wild_scripts.spoilt(rng, steps) if kind.startswith("spoilt") else steps


class Rounds:
    """Plays rounds in a world. ``played`` and ``answers`` count for the summary."""

    def __init__(self, world: World, seed: int) -> None:
        self._world = world
        self._seed = seed
        self.played = 0
        self.sent = 0
        self._recent: list[Attacker] = []  # since the last look
        self.answers: Counter[str] = Counter()

    def run(self, seconds: float, first: int = 0, most: int = 2**60) -> None:
        """Play rounds until the time is up, at least one. Raises Fault."""
        until = time.monotonic() + seconds
        while True:
            self.play(first + self.played)
            if self.played % SETTLE == 0:
                self._settle(first + self.played)
            if time.monotonic() >= until or self.played >= most:
                break
        self._settle(first + self.played)

    def play(self, number: int) -> None:
        """One round. Raises Fault."""
        attackers = [self._attacker(script) for script in scripts(self._seed, number)]
        threads = [threading.Thread(target=attacker.run, name="attacker") for attacker in attackers]
        try:
            for thread in threads:
                thread.start()
            self._world.serve()
            for thread in threads:
                thread.join(2 * DEADLINE)
            self._judge(attackers)
            self._world.serve()
        except Exception as error:
            raise Fault(self._account(number, error, attackers)) from error
        finally:
            for thread in threads:
                thread.join(2 * DEADLINE)
        self.played += 1

    def _attacker(self, script: Script) -> Attacker:
        files, known = self._world.files, {}
        if script.port is Port.FILES:
            offer = files.offer(script.file_size)
            known = {"up": offer.up, "down": offer.down}
        address = (files.host, files.port if script.port is Port.FILES else self._world.chat.port)
        return Attacker(script, address, known)

    def _judge(self, attackers: list[Attacker]) -> None:
        self._recent += attackers
        for attacker in attackers:
            self.sent += sum(map(len, attacker.sent))
            self.answers[attacker.script.port.value] += bool(attacker.received)
            if wrong := fault(attacker):
                raise AssertionError(f"{wrong}\n{attacker.report(2000)}")

    def _settle(self, number: int) -> None:
        try:
            self._world.assert_sound()
            if self.played > WARM_UP:
                self._world.assert_small()
        except Exception as error:
            named = [attacker for attacker in self._recent if f"{attacker.script.source} " in str(error)]
            reports = "".join("\n" + attacker.report(2000) for attacker in named)
            raise Fault(self._account(number - 1, f"{error}{reports}", self._recent)) from error
        self._recent.clear()

    def _account(self, number: int, error: object, attackers: list[Attacker]) -> str:
        said = "\n".join(f"beside {attacker.script}" for attacker in attackers)
        again = f'make fuzz ARGS="--seed {self._seed} --first {number} --rounds 1"'
        return f"{error}\n\nround {number}; again: {again}\n{said}"
