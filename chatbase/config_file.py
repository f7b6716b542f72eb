"""The TOML file with options. What a daemon does not know in it is refused: a typing error would mean a default.

One file may serve both daemons, each with a section of its own; a daemon judges its own keys only.
"""

from __future__ import annotations

import argparse
import difflib
import sys
from collections.abc import Iterable
from typing import Any, TextIO

import configargparse

if sys.version_info >= (3, 11):
    import tomllib
else:
    import toml as tomllib

SECTIONS = ("chatd", "filed")


class ConfigFile(configargparse.ConfigFileParser):  # type: ignore[misc]
    """Reads one section. ConfigArgParse wants something that makes a parser when it is called, and then that parser."""

    def __init__(self, section: str) -> None:
        super().__init__()
        self._section = section
        self._keys: dict[str, argparse.Action] = {}

    def __call__(self) -> ConfigFile:
        return self

    def knows(self, actions: Iterable[argparse.Action]) -> None:
        """The options that may stand in the section: all that have a value, but for the file itself."""
        for action in actions:
            name = action.option_strings[-1].lstrip("-") if action.option_strings else ""
            if name not in ("", "help", "config"):
                self._keys[name] = action

    def get_syntax_description(self) -> str:
        """For ``--help``."""
        return f"The file is TOML, and keys are options without their dashes, below [{self._section}]."

    def parse(self, stream: TextIO) -> dict[str, Any]:
        """The section's keys and values. Raises ConfigFileParserException, whose text ends as one line."""
        try:
            whole = tomllib.loads(stream.read())
        except (ValueError, LookupError, TypeError) as error:  # no TOML, or no UTF-8; `toml` raises all of them
            raise _refusal(stream, f"is no TOML: {error}") from error
        if strangers := sorted(whole.keys() - SECTIONS):
            raise _refusal(stream, f"may have the sections [chatd] and [filed] only, and has {strangers[0]!r}")
        section = whole.get(self._section)
        if not isinstance(section, dict):
            raise _refusal(stream, f"has no section [{self._section}]")
        return {key: self._value(stream, key, value) for key, value in section.items()}

    def _value(self, stream: TextIO, key: str, value: object) -> object:
        """As ConfigArgParse hands it on: in writing, or a list for an option that may be given again."""
        action = self._keys.get(key)
        if action is None:
            alike = difflib.get_close_matches(key.replace("_", "-"), self._keys, 1)
            hint = f"; is {alike[0]!r} meant?" if alike else ""
            raise _refusal(stream, f"has a key in [{self._section}] that nobody knows: {key!r}{hint}")
        if isinstance(value, list) and isinstance(action, argparse._AppendAction):
            return [str(one) for one in value]
        if isinstance(value, dict | list):
            raise _refusal(stream, f"has more than one value for {key!r}")
        return str(value)


def _refusal(stream: TextIO, message: str) -> Exception:
    refusal: Exception = configargparse.ConfigFileParserException(f"{stream.name} {message}")
    return refusal
