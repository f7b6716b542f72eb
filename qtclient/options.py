"""The command line's options. No Qt here, so that a wrong one is told at once."""

from __future__ import annotations

import argparse
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from chatwire.__main__ import address
from chatwire.standard_streams import complain
from qtclient.places import profile_folder


@dataclass(frozen=True)
class Options:
    """What the command line says. Empty texts leave it to the settings."""

    server: str  # HOST:PORT
    profile: Path
    language: str  # "", en, zh, system
    theme: str  # "", light, dark, system


class _Parser(argparse.ArgumentParser):
    """Says in one line what is wrong."""

    def error(self, message: str) -> NoReturn:
        complain(f"qtclient: {message}")
        sys.exit(2)


def parse(argv: list[str] | None = None) -> Options:
    """Read the command line. A wrong option is one line and exit 2."""
    parser = _Parser(prog="python -m qtclient", description="The desktop client.", allow_abbrev=False)
    add = parser.add_argument
    add("--server", type=_server, metavar="HOST:PORT", help="log in there; the port is 8000 unless told")
    add("--profile", type=Path, metavar="DIR", help=f"settings, accounts and messages ({profile_folder()})")
    add("--language", choices=("system", "en", "zh"), default="", help="for this run")
    add("--theme", choices=("system", "light", "dark"), default="", help="for this run")
    said = parser.parse_args(argv)
    return Options(said.server or "", (said.profile or profile_folder()).absolute(), said.language, said.theme)


def _server(text: str) -> str:
    """As it was typed, if it is an address; ``tcp://`` before it is for a server without TLS."""
    address(text)
    return text
