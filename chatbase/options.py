"""What the command lines of both daemons have in common: sources, checks, and errors of one line."""

from __future__ import annotations

import argparse
import ipaddress
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NoReturn

import configargparse


class ConfigError(Exception):
    """An option that cannot be used; the message is one line for the one who started the program."""


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
    parser = configargparse.ArgumentParser(
        prog=program,
        description=description,
        auto_env_var_prefix=f"{prefix}_",
        config_file_parser_class=configargparse.TomlConfigParser([program]),
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
        allow_abbrev=False,
    )
    parser.error = _refuse
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
    add("--log-format", choices=("text", "json"), default="text", help="one line per event, on standard error")
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
        "database": options.database or f"sqlite:///{data}/chat.db",
        "tls_cert": Path(options.tls_cert) if options.tls_cert else None,
        "tls_key": Path(options.tls_key) if options.tls_key else None,
    }


def _refuse(message: str) -> NoReturn:
    """What is wrong is said in one line, like every other error at start."""
    raise ConfigError(" ".join(message.split()) + "; see --help")
