"""``make bench-school``: how long until all are in, with passwords and with tokens, and how a pair fares meanwhile."""

from __future__ import annotations

import argparse
import asyncio
import os
import resource
import statistics
import sys
import time
from collections.abc import Callable, Sequence

from tests.load.latency import Latencies
from tests.load.school import students
from tests.load.school.pair import NAMES, Pair
from tests.load.school.students import Morning
from tests.load.targets.base import Address, Population
from tests.load.targets.chatd import Chatd
from tests.load.watch import Watch
from tests.load.wires.base import Person

CLASS = 30  # pupils in a group
GOALS = {"login": 120.0, "resume": 10.0}  # seconds for 3,000


def main() -> int:
    """Print a table; returns 1 when somebody did not get in."""
    parser = argparse.ArgumentParser(prog="make bench-school", description=__doc__)
    parser.add_argument("--students", type=int, default=3000, metavar="N")
    parser.add_argument("--ramp", type=float, default=10.0, metavar="S", help="they come within so many seconds")
    parser.add_argument("--alone", type=float, default=10.0, metavar="S", help="the pair's time before, to compare")
    parser.add_argument("--tls", action="store_true", help="over TLS; their end of it is computed on this machine, too")
    parser.add_argument("--engine", choices=("sqlite", "mariadb"), default="sqlite")
    parser.add_argument("--only", choices=tuple(GOALS), help="with passwords, or with tokens")
    options = parser.parse_args()
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    target = Chatd(options.engine, tls=options.tls, options=SCHOOL, password_cost="normal")
    try:
        return _run(target, options)
    finally:
        target.stop()


SCHOOL = ("--limits", "on", "--login-deadline", "30", "--trusted-network", "127.0.0.0/8")
"""What an operator sets for a school, and else the defaults."""


def _run(target: Chatd, options: argparse.Namespace) -> int:
    people = [Person(number, name, "") for number, name in enumerate(_names(options.students), 1)]
    pupils = people[len(NAMES) :]
    classes: dict[str, Sequence[str]] = {
        f"class {n // CLASS}": [p.name for p in pupils[n : n + CLASS]] for n in range(0, len(pupils), CLASS)
    }
    address = target.start(Population(people, classes, [NAMES]))
    print(HEAD)
    alone = _meanwhile(address, lambda: time.sleep(options.alone))
    _show("nobody", Morning(), options.alone, 0.0, alone, 0.0)
    os.nice(5)  # they would have machines of their own
    failed = 0
    for cmd in [options.only] if options.only else GOALS:
        watch, ramp = Watch(target.pids()), options.ramp if cmd == "login" else 0.0
        morning, used = Morning(), watch.cpu()
        taken = _meanwhile(address, lambda: asyncio.run(students.come(address, pupils, cmd, ramp, morning)))  # noqa: B023
        cpu = (watch.cpu() - used) / morning.seconds
        _show(cmd, morning, morning.seconds, GOALS[cmd] * options.students / 3000, taken, cpu)
        failed += len(pupils) - morning.inside
        target.restart(address)
    return 1 if failed else 0


HEAD = f"{'':8} {'inside':>6} {'in s':>7} {'goal':>6} {'wait':>5} {'pair p50':>9} {'p99':>8} {'max':>8} {'cores':>7}"


def _meanwhile(address: Address, work: Callable[[], object]) -> Latencies:
    """How long the pair's messages took while something else was done."""
    pair = Pair(address)
    work()
    return pair.end()


def _show(what: str, morning: Morning, seconds: float, goal: float, pair: Latencies, cpu: float) -> None:
    p50, p99, most = (f"{pair.percentile(percent):.1f}" for percent in (50, 99, 100))
    print(f"{what:8} {morning.inside:6} {seconds:7.1f} {goal:6.1f} {len(morning.waited):5} {p50:>9} {p99:>8} {most:>8}"
          f" {cpu:7.2f}")  # fmt: skip
    for failure in morning.failures[:3]:
        print(f"  {failure}", file=sys.stderr)
    if len(morning.waited) > 1:
        told, real = zip(*morning.waited, strict=True)
        off = statistics.quantiles([is_ - was for was, is_ in morning.waited], n=20)
        print(f"  first told to wait {statistics.mean(told):.1f} s on average, in after {statistics.mean(real):.1f} s;"
              f" {off[0]:+.1f} to {off[-1]:+.1f} s off (5 to 95 %); {morning.refusals} refusals")  # fmt: skip


def _names(count: int) -> Sequence[str]:
    return [*NAMES, *(f"pupil{number}" for number in range(count))]


if __name__ == "__main__":
    sys.exit(main())
