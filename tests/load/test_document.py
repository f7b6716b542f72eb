from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

from tests.load import saved
from tests.load.figures import Moment, Result
from tests.load.options import parser

DOCUMENT = (Path(__file__).resolve().parents[2] / "docs" / "LOAD.md").read_text()


def test_the_document_names_every_option() -> None:
    told = re.findall(r"^\| `(--[a-z-]+)[^`]*` \| [^|]", DOCUMENT, re.MULTILINE)
    assert sorted(told) == sorted(action.option_strings[-1] for action in parser()._actions if action.dest != "help")


def test_the_document_names_every_field_of_the_file() -> None:
    for field in (*fields(Result), *fields(Moment)):
        assert f"`{field.name}`" in DOCUMENT, field.name
    assert f"`{saved.FORMAT}`" in DOCUMENT
