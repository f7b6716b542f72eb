"""Every option of the file daemon: command line, environment, TOML file."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path

import configargparse

from chatbase.files import MAX_FILE, QUOTA
from chatbase.options import (
    ConfigError,
    Number,
    add_common,
    common_settings,
    make_parser,
    parse_address,
    reachable,
    seconds,
)

RESERVE = 256 * 1024 * 1024  # bytes


@dataclass(frozen=True)
class Settings:
    """The checked options. Sizes in bytes, times in seconds. ``chatd`` None: where it is stands in the data folder.

    ``strangers``: variables of the environment that look like options and are none.
    """

    host: str
    port: int
    data: Path
    database: str
    chatd: tuple[str, int] | None
    plaintext: str
    tls_cert: Path | None
    tls_key: Path | None
    limits: bool
    max_file: int
    quota: int
    reserve: int
    keep_days: int
    partial_hours: int
    max_connections: int
    idle_timeout: float
    stall_timeout: float
    raw_ports: tuple[int, int] | None
    log_format: str
    log_file: Path | None
    log_level: str
    strangers: tuple[str, ...]


def load(argv: list[str] | None = None) -> Settings:
    """Read all sources and check them; ``--help`` ends the program.

    Raises:
        ConfigError: there is no such option, or a value makes no sense.
    """
    options = _parser().parse_args(argv)
    values = common_settings(options, Settings.__dataclass_fields__) | {
        "chatd": reachable(*parse_address(options.chatd)) if options.chatd else None,
        "raw_ports": _port_range(options.raw_ports) if options.raw_ports else None,
    }
    return Settings(**values)


def _port_range(text: str) -> tuple[int, int]:
    try:
        low, _, high = text.partition("-")
        least, most = Number(1, 65535)(low), Number(1, 65535)(high or low)
    except (ValueError, argparse.ArgumentTypeError):
        raise ConfigError(f"{text!r} is no range of ports, such as 8100-8199") from None
    if most < least:
        raise ConfigError(f"{text!r} is an empty range of ports")
    return least, most


def _parser() -> configargparse.ArgumentParser:
    parser = make_parser("filed", "The file daemon.")
    add_common(parser, "0.0.0.0:8080")
    _serving(parser)
    _limits(parser)
    return parser


def _serving(parser: configargparse.ArgumentParser) -> None:
    add = parser.add_argument_group("work").add_argument
    add("--chatd", default="", metavar="HOST:PORT", help="the chat server; empty: the one that uses the same --data")
    add("--keep-days", type=Number(1, 36500), default=30, metavar="N", help="life of a finished file")
    add("--partial-hours", type=Number(1, 8760), default=24, metavar="N", help="life of an upload that rests")
    add("--raw-ports", default="", metavar="LOW-HIGH", help="ports for clients of the original system; empty: any")


def _limits(parser: configargparse.ArgumentParser) -> None:
    add = parser.add_argument_group("limits").add_argument
    add("--limits", choices=("on", "off"), default="on", help="quota per user")
    add("--max-file", type=Number(1, 2**53 - 1), default=MAX_FILE, metavar="BYTES", help="one file")
    add("--quota", type=Number(1, 2**53 - 1), default=QUOTA, metavar="BYTES", help="all files of a user")
    add("--reserve", type=Number(0, 2**53 - 1), default=RESERVE, metavar="BYTES", help="disk space to leave free")
    add("--max-connections", type=Number(1, 10_000), default=600, metavar="N", help="each is a thread")
    add("--idle-timeout", type=seconds, default=60.0, metavar="S", help="for the next request, or its head")
    add("--stall-timeout", type=seconds, default=60.0, metavar="S", help="for the next bytes of a transfer")
