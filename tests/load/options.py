"""The options of ``python -m tests.load``."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from tests.load.picture import SUFFIXES
from tests.load.plan import Plan
from tests.load.scenarios.base import Scenario
from tests.load.scenarios.files import Files
from tests.load.scenarios.groups import Groups
from tests.load.scenarios.history import History
from tests.load.scenarios.idle import Idle
from tests.load.scenarios.logins import Logins
from tests.load.scenarios.pairs import Pairs
from tests.load.scenarios.presence import Presence
from tests.load.scenarios.reconnecting import Reconnecting
from tests.load.scenarios.slow import Slow
from tests.load.scenarios.storm import ResumeStorm
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
    _scenarios(made.add_argument_group("who talks (without any of these and the next, --pairs 50)"))
    _events(made.add_argument_group("what else happens"))
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


def _events(group: argparse._ArgumentGroup) -> None:
    group.add_argument("--logins", type=_number, default=0, metavar="N", help="users who log in with passwords")
    group.add_argument("--logins-at-once", type=_count, default=50, metavar="N", help="who wait for their reply")
    group.add_argument("--storm", type=_number, default=0, metavar="N", help="users who resume after a restart")
    group.add_argument("--storm-missed", type=_number, default=2, metavar="N", help="messages each misses")
    group.add_argument("--storm-friends", type=_number, default=0, metavar="N", help="friends of each, there too")
    group.add_argument("--presence", type=_number, default=0, metavar="N", help="users who come and go")
    group.add_argument("--presence-friends", type=_count, default=10, metavar="N", help="friends of each, who stay")
    group.add_argument("--presence-sessions", type=_count, default=2, metavar="N", help="sessions of each")
    group.add_argument("--presence-stay", type=_not_negative, default=0.0, metavar="S", help="how long they stay")
    group.add_argument("--history", type=_number, default=0, metavar="N", help="pairs who read what they have written")
    group.add_argument("--history-messages", type=_count, default=1000, metavar="N", help="written by each pair")
    group.add_argument("--history-page", type=_page, default=100, metavar="N", help="messages of a page")
    group.add_argument("--slow", type=_number, default=0, metavar="N", help="clients who read too slowly")
    group.add_argument("--slow-lag", type=_positive, default=16.0, metavar="MIB", help="unread, until they read on")
    group.add_argument("--slow-text", type=_count, default=8192, metavar="BYTES", help="size of their texts")
    group.add_argument("--reconnecting", type=_number, default=0, metavar="N", help="conversations that are cut off")
    group.add_argument("--reconnecting-size", type=_several, default=2, metavar="N", help="members of each")
    group.add_argument("--reconnecting-every", type=_count, default=100, metavar="N", help="messages between two cuts")
    group.add_argument("--files", type=_number, default=0, metavar="N", help="pairs who send each other files")
    group.add_argument("--file-size", type=_positive, default=16.0, metavar="MIB", help="of each file")


def _server(group: argparse._ArgumentGroup) -> None:
    group.add_argument("--server", type=_address, metavar="HOST:PORT", help="one that runs; else one is started here")
    group.add_argument(
        "--fingerprint", default="", metavar="SHA256", help="of its certificate, with --server and --tls"
    )
    group.add_argument("--engine", choices=("sqlite", "mariadb"), default="sqlite", help="mariadb: a private one")
    group.add_argument("--database", default="", metavar="URL", help="an empty database, instead of --engine's")
    group.add_argument("--folder", default="", metavar="DIR", help="where the server's files lie meanwhile")
    group.add_argument("--workers", type=_number, default=0, metavar="N", help="event loops; 0: the server's default")
    group.add_argument(
        "--password-cost", choices=("low", "normal"), default="low", help="of a login with a password: as in service?"
    )
    group.add_argument("--tls", action="store_true", help="all clients speak TLS")


def plan_of(options: argparse.Namespace) -> Plan:
    """What the options ask for."""
    scenarios = _happenings(options)
    if options.groups:
        senders = min(options.senders, options.group_size)
        scenarios.append(
            Groups(options.groups, options.group_size, senders, options.window, options.rate, options.text)
        )
    if options.pairs or not (scenarios or options.idle):
        pairs = options.pairs or DEFAULT_PAIRS
        scenarios.append(Pairs(pairs, options.window, options.rate, options.both, options.text))
    if options.idle:
        scenarios.append(Idle(options.idle))
    return Plan(scenarios, options.seconds, options.warm_up, options.processes, options.patience)


def _happenings(options: argparse.Namespace) -> list[Scenario]:
    """The scenarios that are more than talk."""
    made: list[tuple[int, Scenario]] = [
        (options.logins, Logins(options.logins, options.logins_at_once)),
        (options.storm, ResumeStorm(options.storm, options.storm_missed, options.storm_friends)),
        (options.presence, Presence(options.presence, options.presence_friends, options.presence_sessions,
            options.presence_stay)),
        (options.history, History(options.history, options.history_messages, options.history_page, options.text)),
        (options.slow, Slow(options.slow, options.slow_lag, text=options.slow_text)),
        (options.reconnecting, Reconnecting(options.reconnecting, options.reconnecting_size, options.reconnecting_every,
            options.window, options.text)),
        (options.files, Files(options.files, options.file_size)),
    ]  # fmt: skip
    return [scenario for count, scenario in made if count]


def target_of(options: argparse.Namespace) -> Target:
    """The server that the options ask for."""
    if options.server:
        host, port = options.server
        return Given(Address(host, port, options.tls, options.fingerprint.upper()))
    more = ["--workers", str(options.workers)] if options.workers else []
    return Chatd(
        options.engine, tls=options.tls, database=options.database, folder=options.folder, options=more,
        files=options.files > 0, password_cost=options.password_cost,
    )  # fmt: skip


def check(options: argparse.Namespace) -> str:
    """What is wrong with options that contradict each other, or that could not be carried out at the end; or ""."""
    if options.fingerprint and not (options.server and options.tls):
        return "--fingerprint is for --server with --tls"
    if options.server and (options.database or options.folder or options.workers):
        return "--database, --folder and --workers are for a server that is started here"
    if options.server and options.storm:
        return "--storm is for a server that is started here, and can be started again"
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


def _several(text: str) -> int:
    if (value := int(text)) < 2:
        raise argparse.ArgumentTypeError("must be at least 2")
    return value


def _page(text: str) -> int:
    if not 1 <= (value := int(text)) <= 500:
        raise argparse.ArgumentTypeError("must be from 1 to 500")
    return value


def _not_negative(text: str) -> float:
    if not 0 <= (value := float(text)) < 1e9:
        raise argparse.ArgumentTypeError("must not be negative")
    return value


def _positive(text: str) -> float:
    if not 0 < (value := float(text)) < 1e9:
        raise argparse.ArgumentTypeError("must be above 0")
    return value
