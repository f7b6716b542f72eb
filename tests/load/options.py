"""The options of ``python -m tests.load``."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from tests.load.picture import SUFFIXES
from tests.load.plan import Plan
from tests.load.scenarios.base import Scenario
from tests.load.scenarios.groups import Groups
from tests.load.scenarios.idle import Idle
from tests.load.scenarios.pairs import Pairs
from tests.load.targets.base import Address, Target
from tests.load.targets.chatd import Chatd
from tests.load.targets.given import Given

DEFAULT_PAIRS = 50


def parser() -> argparse.ArgumentParser:
    """All options, with their defaults."""
    made = argparse.ArgumentParser(
        "python -m tests.load", description=__doc__, formatter_class=argparse.ArgumentDefaultsHelpFormatter
    )
    _run(made.add_argument_group("the run"))
    _scenarios(made.add_argument_group("who talks (without any of these, --pairs 50)"))
    _server(made.add_argument_group("the server"))
    return made


def _run(group: argparse._ArgumentGroup) -> None:
    group.add_argument("--seconds", type=_positive, default=10.0, metavar="S", help="how long is measured")
    group.add_argument("--warm-up", type=_not_negative, default=1.0, metavar="S", help="before that")
    group.add_argument(
        "--processes", type=_count, default=1, metavar="N", help="generators; conversations are dealt out"
    )
    group.add_argument("--patience", type=_positive, default=15.0, metavar="S", help="wait so long for what is missing")
    group.add_argument("--json", type=Path, metavar="FILE", help="all figures; build/load/TIME.json if not given")
    group.add_argument("--picture", type=Path, metavar="FILE", help=".svg or .png; build/load/TIME.svg if not given")


def _scenarios(group: argparse._ArgumentGroup) -> None:
    group.add_argument("--pairs", type=_number, default=0, metavar="N", help="private conversations")
    group.add_argument("--both", action="store_true", help="both of a pair speak")
    group.add_argument("--groups", type=_number, default=0, metavar="N", help="group conversations")
    group.add_argument("--group-size", type=_count, default=10, metavar="N", help="members of each")
    group.add_argument("--senders", type=_count, default=2, metavar="N", help="how many of them speak")
    group.add_argument("--idle", type=_number, default=0, metavar="N", help="connections that do nothing")
    group.add_argument("--window", type=_count, default=8, metavar="N", help="messages of a sender on their way")
    group.add_argument(
        "--rate", type=_not_negative, default=0.0, metavar="N", help="open loop: messages per second; 0: closed loop"
    )
    group.add_argument("--text", type=_count, default=64, metavar="BYTES", help="size of a text")


def _server(group: argparse._ArgumentGroup) -> None:
    group.add_argument("--server", type=_address, metavar="HOST:PORT", help="one that runs; else one is started here")
    group.add_argument(
        "--fingerprint", default="", metavar="SHA256", help="of its certificate, with --server and --tls"
    )
    group.add_argument("--engine", choices=("sqlite", "mariadb"), default="sqlite", help="mariadb: a private one")
    group.add_argument("--database", default="", metavar="URL", help="an empty database, instead of --engine's")
    group.add_argument("--folder", default="", metavar="DIR", help="where the server's files lie meanwhile")
    group.add_argument("--workers", type=_number, default=0, metavar="N", help="event loops; 0: the server's default")
    group.add_argument("--tls", action="store_true", help="all clients speak TLS")


def plan_of(options: argparse.Namespace) -> Plan:
    """What the options ask for."""
    scenarios: list[Scenario] = []
    if options.groups:
        senders = min(options.senders, options.group_size)
        scenarios.append(
            Groups(options.groups, options.group_size, senders, options.window, options.rate, options.text)
        )
    if options.pairs or not (options.groups or options.idle):
        pairs = options.pairs or DEFAULT_PAIRS
        scenarios.append(Pairs(pairs, options.window, options.rate, options.both, options.text))
    if options.idle:
        scenarios.append(Idle(options.idle))
    return Plan(scenarios, options.seconds, options.warm_up, options.processes, options.patience)


def target_of(options: argparse.Namespace) -> Target:
    """The server that the options ask for."""
    if options.server:
        host, port = options.server
        return Given(Address(host, port, options.tls, options.fingerprint.upper()))
    more = ["--workers", str(options.workers)] if options.workers else []
    return Chatd(options.engine, tls=options.tls, database=options.database, folder=options.folder, options=more)


def check(options: argparse.Namespace) -> str:
    """What is wrong with options that contradict each other, or that could not be carried out at the end; or ""."""
    if options.fingerprint and not (options.server and options.tls):
        return "--fingerprint is for --server with --tls"
    if options.server and (options.database or options.folder or options.workers):
        return "--database, --folder and --workers are for a server that is started here"
    if options.picture and options.picture.suffix not in SUFFIXES:
        return f"--picture: a name that ends in {' or '.join(SUFFIXES)}"
    for path in (options.json, options.picture):
        if path and (path.is_dir() or (path.exists() and not os.access(path, os.W_OK))):
            return f"{path}: cannot be written"
    return ""


def _address(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    if not host or not port.isascii() or not port.isdigit() or not 0 < int(port) < 65536:
        raise argparse.ArgumentTypeError("must be HOST:PORT")
    return host.strip("[]"), int(port)


def _number(text: str) -> int:
    if (value := int(text)) < 0:
        raise argparse.ArgumentTypeError("must not be negative")
    return value


def _count(text: str) -> int:
    if (value := int(text)) < 1:
        raise argparse.ArgumentTypeError("must be at least 1")
    return value


def _not_negative(text: str) -> float:
    if not 0 <= (value := float(text)) < 1e9:
        raise argparse.ArgumentTypeError("must not be negative")
    return value


def _positive(text: str) -> float:
    if not 0 < (value := float(text)) < 1e9:
        raise argparse.ArgumentTypeError("must be above 0")
    return value
