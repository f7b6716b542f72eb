"""Every option of the server: command line, environment, TOML file. Checked before any thread starts."""

from __future__ import annotations

import argparse
import ipaddress
import os
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

import configargparse

from chatwire.commands import MAX_FRAME
from chatwire.fields import MAX_TEXT

MAX_GROUPS_CEILING = 5_000  # a login reads all groups of a user


class ConfigError(Exception):
    """An option that cannot be used; the message is one line for the one who started the program."""


@dataclass(frozen=True)
class Settings:
    """The checked options. Sizes in bytes, times in seconds."""

    host: str
    port: int
    workers: int
    database: str
    data: Path
    plaintext: str
    limits: bool
    password_cost: str
    password_min: int
    token_days: int
    tls_cert: Path | None
    tls_key: Path | None
    max_frame: int
    max_text: int
    max_friends: int
    max_groups: int
    max_members: int
    max_connections: int
    max_per_address: int
    output_soft: int
    output_hard: int
    login_deadline: float
    log_format: str
    log_level: str


def load(argv: list[str] | None = None) -> Settings:
    """Read all sources and check them; ``--help`` ends the program.

    Raises:
        ConfigError: there is no such option, or a value makes no sense.
    """
    return check(_parser().parse_args(argv))


def check(options: argparse.Namespace) -> Settings:
    """Turn parsed options into settings. Raises ConfigError."""
    host, port = parse_address(options.listen)
    data = Path(options.data).absolute()
    if bool(options.tls_cert) != bool(options.tls_key):
        raise ConfigError("--tls-cert and --tls-key go together")
    if options.output_hard < options.output_soft:
        raise ConfigError("--output-hard must not be below --output-soft")
    if options.max_text > options.max_frame - 1024:
        raise ConfigError("--max-frame must be at least 1024 above --max-text")
    if options.max_text > 65535:
        raise ConfigError("--max-text may be at most 65535, which is what a TEXT column holds")
    if options.max_groups > MAX_GROUPS_CEILING:
        raise ConfigError(f"--max-groups may be at most {MAX_GROUPS_CEILING}")
    values = {name: getattr(options, name) for name in Settings.__dataclass_fields__ if hasattr(options, name)}
    values |= {
        "host": host,
        "port": port,
        "data": data,
        "limits": options.limits == "on",
        "database": options.database or f"sqlite:///{data}/chat.db",
        "tls_cert": Path(options.tls_cert) if options.tls_cert else None,
        "tls_key": Path(options.tls_key) if options.tls_key else None,
    }
    return Settings(**values)


def parse_address(text: str) -> tuple[str, int]:
    """HOST:PORT, where HOST may be an IPv6 address in brackets and is empty for all addresses. Raises ConfigError."""
    host, colon, port = text.rpartition(":")
    if not colon or not port.isascii() or not port.isdigit() or int(port) > 65535:
        raise ConfigError(f"{text!r} is no HOST:PORT")
    return host.strip("[]") or "0.0.0.0", int(port)


def plaintext_rule(policy: str, address: str) -> bool:
    """Whether a peer at this address may speak plain text under ``--plaintext POLICY``."""
    if policy != "local":
        return policy == "allow"
    try:
        ip = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    return ip.is_loopback or ip.is_private or ip.is_link_local


def _refuse(message: str) -> NoReturn:
    """What is wrong is said in one line, like every other error at start."""
    raise ConfigError(" ".join(message.split()) + "; see --help")


def _parser() -> configargparse.ArgumentParser:
    parser = configargparse.ArgumentParser(
        prog="chatd",
        description="The chat server.",
        auto_env_var_prefix="CHATD_",
        config_file_parser_class=configargparse.TomlConfigParser(["chatd"]),
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
        allow_abbrev=False,
    )
    parser.error = _refuse
    parser.add_argument("--config", is_config_file_arg=True, env_var="CHATD_CONFIG", metavar="FILE",
        help="TOML file, section [chatd]")  # fmt: skip
    _serving(parser)
    _security(parser)
    _limits(parser)
    return parser


def _serving(parser: configargparse.ArgumentParser) -> None:
    add = parser.add_argument_group("serving").add_argument
    add("--listen", default="0.0.0.0:8000", metavar="HOST:PORT", help="port 0 picks a free one")
    add("--workers", type=_Number(1, 64), default=min(4, os.cpu_count() or 1), metavar="N", help="event loops")
    add("--database", default="", metavar="URL", help="sqlite:///PATH or mysql://USER:PASSWORD@HOST:PORT/NAME; "
        "empty means chat.db in --data")  # fmt: skip
    add("--data", default="var", metavar="DIR", help="all that the server keeps")
    add("--log-format", choices=("text", "json"), default="text", help="one line per event, on standard error")
    add("--log-level", choices=("debug", "info", "warning", "error"), default="info", help="the least that is logged")


def _security(parser: configargparse.ArgumentParser) -> None:
    add = parser.add_argument_group("security").add_argument
    add("--plaintext", choices=("allow", "local", "deny"), default="local", help="who may connect without TLS")
    add("--tls-cert", default="", metavar="FILE", help="PEM certificate chain; empty makes a self-signed one")
    add("--tls-key", default="", metavar="FILE", help="its key")
    add("--password-cost", choices=("normal", "low"), default="normal", help="argon2id; low is for load tests")
    add("--password-min", type=_Number(1, 128), default=1, metavar="N", help="least characters of a new password")
    add("--token-days", type=_Number(1, 3650), default=30, metavar="N", help="life of an unused resume token")


def _limits(parser: configargparse.ArgumentParser) -> None:
    add = parser.add_argument_group("limits").add_argument
    add("--limits", choices=("on", "off"), default="on", help="rates, and connections per address")
    add("--max-frame", type=_Number(2048, 2**24), default=MAX_FRAME, metavar="BYTES", help="one object")
    add("--max-text", type=_Number(1, 2**24), default=MAX_TEXT, metavar="BYTES", help="one message's text")
    add("--max-friends", type=_Number(1, 10**6), default=10_000, metavar="N", help="per user")
    add("--max-groups", type=_Number(1, 10**6), default=500, metavar="N", help="per user")
    add("--max-members", type=_Number(2, 10**6), default=5_000, metavar="N", help="per group")
    add("--max-connections", type=_Number(1, 10**6), default=100_000, metavar="N",
        help="in all; never more than the descriptor limit permits")  # fmt: skip
    add("--max-per-address", type=_Number(1, 10**6), default=256, metavar="N", help="connections")
    add("--output-soft", type=_Number(4096, 2**30), default=256 * 1024, metavar="BYTES",
        help="unsent output above which a client is not read")  # fmt: skip
    add("--output-hard", type=_Number(4096, 2**30), default=8 * 1024 * 1024, metavar="BYTES",
        help="unsent output above which a client is disconnected")  # fmt: skip
    add("--login-deadline", type=_seconds, default=30.0, metavar="S", help="without a session, a client is cut off")


class _Number:
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


def _seconds(text: str) -> float:
    value = float(text)
    if not 0.1 <= value <= 3600:
        raise argparse.ArgumentTypeError("must be from 0.1 to 3600 seconds")
    return value
