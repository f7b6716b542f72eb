"""Every option of the server: command line, environment, TOML file. Checked before any thread starts."""

from __future__ import annotations

import argparse
import urllib.parse
from dataclasses import dataclass
from pathlib import Path

import configargparse

from chatbase.addresses import Network
from chatbase.files import MAX_FILE, QUOTA
from chatbase.options import ConfigError, Number, add_common, common_settings, make_parser, network, seconds
from chatwire.commands import MAX_FRAME
from chatwire.fields import MAX_TEXT

MAX_GROUPS_CEILING = 5_000  # a login reads all groups of a user


@dataclass(frozen=True)
class Settings:
    """The checked options. Sizes in bytes, times in seconds. ``strangers``: variables that look like options."""

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
    trusted_networks: tuple[Network, ...]
    output_soft: int
    output_hard: int
    login_deadline: float
    files_url: str
    max_file: int
    quota: int
    log_format: str
    log_file: Path | None
    log_level: str
    strangers: tuple[str, ...]


def load(argv: list[str] | None = None) -> Settings:
    """Read all sources and check them; ``--help`` ends the program.

    Raises:
        ConfigError: there is no such option, or a value makes no sense.
    """
    return check(_parser().parse_args(argv))


def check(options: argparse.Namespace) -> Settings:
    """Turn parsed options into settings. Raises ConfigError."""
    values = common_settings(options, Settings.__dataclass_fields__)
    if options.output_hard < options.output_soft:
        raise ConfigError("--output-hard must not be below --output-soft")
    if options.max_text > options.max_frame - 1024:
        raise ConfigError("--max-frame must be at least 1024 above --max-text")
    if options.max_text > 65535:
        raise ConfigError("--max-text may be at most 65535, which is what a TEXT column holds")
    if options.max_groups > MAX_GROUPS_CEILING:
        raise ConfigError(f"--max-groups may be at most {MAX_GROUPS_CEILING}")
    values["trusted_networks"] = tuple(options.trusted_network)
    values["files_url"] = _base_url(options.files_url) if options.files_url else ""
    return Settings(**values)


def _base_url(text: str) -> str:
    """What every URL of a file begins with; no slash at the end. Raises ConfigError."""
    try:
        parts = urllib.parse.urlsplit(text)
        good = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0 and text.isascii()
    except ValueError:
        good = False
    if not good or parts.query or parts.fragment or parts.username or not text.isprintable() or set(text) & set(' "\\'):
        raise ConfigError("--files-url is http://HOST:PORT or https://HOST:PORT, and perhaps a path")
    return text.rstrip("/")


def _parser() -> configargparse.ArgumentParser:
    parser = make_parser("chatd", "The chat server.")
    add_common(parser, "0.0.0.0:8000")
    _serving(parser)
    _security(parser)
    _limits(parser)
    _files(parser)
    return parser


def _serving(parser: configargparse.ArgumentParser) -> None:
    add = parser.add_argument_group("work").add_argument
    # One is fastest: they share the interpreter (docs/PERFORMANCE.md). More keep a stall of one loop from the others.
    add("--workers", type=Number(1, 64), default=1, metavar="N", help="event loops")


def _security(parser: configargparse.ArgumentParser) -> None:
    add = parser.add_argument_group("accounts").add_argument
    add("--password-cost", choices=("high", "normal", "low"), default="normal", help="argon2id; low is for load tests")
    add("--password-min", type=Number(1, 128), default=1, metavar="N", help="least characters of a new password")
    add("--token-days", type=Number(1, 3650), default=30, metavar="N", help="life of an unused resume token")


def _limits(parser: configargparse.ArgumentParser) -> None:
    add = parser.add_argument_group("limits").add_argument
    add("--limits", choices=("on", "off"), default="on", help="rates, and connections per address")
    add("--max-frame", type=Number(2048, 2**24), default=MAX_FRAME, metavar="BYTES", help="one object")
    add("--max-text", type=Number(1, 2**24), default=MAX_TEXT, metavar="BYTES", help="one message's text")
    add("--max-friends", type=Number(1, 10**6), default=10_000, metavar="N", help="per user")
    add("--max-groups", type=Number(1, 10**6), default=500, metavar="N", help="per user")
    add("--max-members", type=Number(2, 10**6), default=5_000, metavar="N", help="per group")
    add("--max-connections", type=Number(1, 10**6), default=100_000, metavar="N",
        help="in all; never more than the descriptor limit permits")  # fmt: skip
    add("--max-per-address", type=Number(1, 10**6), default=256, metavar="N", help="connections")
    add("--trusted-network", type=network, action="append", default=[], metavar="CIDR",
        help="where many share an address, a school say: no limits per address there, but a share for each account; "
        "may be given again")  # fmt: skip
    add("--output-soft", type=Number(4096, 2**30), default=256 * 1024, metavar="BYTES",
        help="unsent output above which a client is not read")  # fmt: skip
    add("--output-hard", type=Number(4096, 2**30), default=8 * 1024 * 1024, metavar="BYTES",
        help="unsent output above which a client is disconnected")  # fmt: skip
    add(
        "--login-deadline",
        type=seconds,
        default=30.0,
        metavar="S",
        help="without a session, a client is cut off, unless it is of the original system",
    )


def _files(parser: configargparse.ArgumentParser) -> None:
    add = parser.add_argument_group("files").add_argument
    add("--files-url", default="", metavar="URL",
        help="where clients reach the file daemon; empty: at the address at which they reached the server")  # fmt: skip
    add("--max-file", type=Number(1, 2**53 - 1), default=MAX_FILE, metavar="BYTES", help="one file")
    add("--quota", type=Number(1, 2**53 - 1), default=QUOTA, metavar="BYTES", help="all files of a user together")
