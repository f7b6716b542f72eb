"""What the command lines of both daemons have in common: sources, checks, and errors of one line."""

from __future__ import annotations

import argparse
import ipaddress
import os
import re
from collections.abc import Iterable
from functools import partial
from pathlib import Path
from typing import Any, NoReturn

import configargparse

from chatbase.addresses import Network
from chatbase.config_file import ConfigFile
from chatbase.drivers import sqlite_url

_OF_A_SERVICE = re.compile(r"_SERVICE_(HOST|PORT)|_PORT(_|$)")


class ConfigError(Exception):
    """An option that cannot be used; the message is one line for the one who started the program."""


class _Parser(configargparse.ArgumentParser):  # type: ignore[misc]
    """What is wrong is said in one line, like every other error at start."""

    def __init__(self, file: ConfigFile, **settings: Any) -> None:
        super().__init__(**settings)
        self._file = file

    def parse_args(self, args: list[str] | None = None) -> argparse.Namespace:
        """Read all sources. Raises ConfigError."""
        self._file.knows(self._actions)
        options: argparse.Namespace = super().parse_args(args)
        if options.config == "":  # a variable of a script that is not set would mean all defaults
            self.error("--config names no file")
        options.strangers = self._strangers()
        return options

    def _strangers(self) -> tuple[str, ...]:
        """Variables that look like options. They cannot be refused: Kubernetes gives every pod CHATD_PORT and others
        for a service of that name.
        """
        known = {action.env_var for action in self._actions}
        ours = (name for name in os.environ if name.startswith(f"{self.prog.upper()}_"))
        return tuple(sorted(name for name in ours if name not in known and not _OF_A_SERVICE.search(name)))

    def error(self, message: str) -> NoReturn:
        """Raises ConfigError, where argparse would print its usage."""
        raise ConfigError(" ".join(message.split()) + "; see --help")


class Number:
    """An argparse type: an integer within bounds."""

    def __init__(self, least: int, most: int) -> None:
        self._least, self._most = least, most

    def __call__(self, text: str) -> int:
        value = int(text)
        if not self._least <= value <= self._most:
            raise argparse.ArgumentTypeError(f"must be from {self._least} to {self._most}")
        return value

    def __repr__(self) -> str:  # argparse names a type by this in its messages
        return "integer"


def seconds(text: str) -> float:
    """An argparse type: a time."""
    value = float(text)
    if not 0.1 <= value <= 3600:
        raise argparse.ArgumentTypeError("must be from 0.1 to 3600 seconds")
    return value


def network(text: str) -> Network:
    """An argparse type: a network as ADDRESS/BITS, or one address."""
    try:
        return ipaddress.ip_network(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is no network: {error}") from None


def parse_address(text: str) -> tuple[str, int]:
    """HOST:PORT, where HOST may be an IPv6 address in brackets and is empty for all addresses. Raises ConfigError."""
    host, colon, port = text.rpartition(":")
    if not colon or not port.isascii() or not port.isdigit() or int(port) > 65535:
        raise ConfigError(f"{text!r} is no HOST:PORT")
    return host.strip("[]") or "0.0.0.0", int(port)


def reachable(host: str, port: int) -> tuple[str, int]:
    """Where to find on this machine a server that listens at an address: who listens everywhere is also here."""
    return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host), port


def shown_address(host: str, port: int) -> str:
    """HOST:PORT, as `parse_address` takes it."""
    return f"{f'[{host}]' if ':' in host else host}:{port}"


def plaintext_rule(policy: str, address: str) -> bool:
    """Whether a peer at this address may speak plain text under ``--plaintext POLICY``."""
    if policy != "local":
        return policy == "allow"
    try:
        ip = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    return ip.is_loopback or ip.is_private or ip.is_link_local


def make_parser(program: str, description: str) -> configargparse.ArgumentParser:
    """A parser that reads the command line, ``PROGRAM_...`` in the environment, and section [program] of a TOML file.

    Its errors are `ConfigError`.
    """
    prefix = program.upper()
    file = ConfigFile(program)
    parser = _Parser(
        file,
        prog=program,
        description=description,
        auto_env_var_prefix=f"{prefix}_",
        config_file_parser_class=file,
        config_file_open_func=partial(open, encoding="utf-8-sig"),
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--config", is_config_file_arg=True, env_var=f"{prefix}_CONFIG", metavar="FILE",
        help=f"TOML file, section [{program}]")  # fmt: skip
    return parser


def add_common(parser: configargparse.ArgumentParser, listen: str) -> None:
    """The options that mean the same to both daemons; ``listen`` is the default address."""
    add = parser.add_argument_group("serving").add_argument
    add("--listen", default=listen, metavar="HOST:PORT", help="port 0 picks a free one")
    add("--database", default="", metavar="URL", help="sqlite:///PATH or mysql://USER:PASSWORD@HOST:PORT/NAME; "
        "empty means chat.db in --data")  # fmt: skip
    add("--data", default="var", metavar="DIR", help="all that the server keeps")
    add("--log-format", choices=("text", "json"), default="text", help="one line per event")
    add(
        "--log-file", default="", metavar="FILE", help="where the log goes, which may be rotated; empty: standard error"
    )
    add("--log-level", choices=("debug", "info", "warning", "error"), default="info", help="the least that is logged")
    add = parser.add_argument_group("security").add_argument
    add("--plaintext", choices=("allow", "local", "deny"), default="local", help="who may connect without TLS")
    add("--tls-cert", default="", metavar="FILE", help="PEM certificate chain; empty makes a self-signed one")
    add("--tls-key", default="", metavar="FILE", help="its key")


def common_settings(options: argparse.Namespace, names: Iterable[str]) -> dict[str, Any]:
    """Values for these fields of a daemon's settings, those of `add_common` and ``limits`` checked and in their types.

    Raises:
        ConfigError: they make no sense.
    """
    host, port = parse_address(options.listen)
    data = Path(options.data).absolute()
    if bool(options.tls_cert) != bool(options.tls_key):
        raise ConfigError("--tls-cert and --tls-key go together")
    return {name: getattr(options, name) for name in names if hasattr(options, name)} | {
        "host": host,
        "port": port,
        "data": data,
        "limits": options.limits == "on",
        "database": options.database or sqlite_url(data / "chat.db"),
        "log_file": Path(options.log_file).absolute() if options.log_file else None,
        "tls_cert": Path(options.tls_cert) if options.tls_cert else None,
        "tls_key": Path(options.tls_key) if options.tls_key else None,
    }
