"""Builds `docs/PROTOCOL.md` from the table of commands and the prose in `docs/protocol.template.md`.

A placeholder in the template, such as ``{{max-text}}``, is filled with what the code says. One that is unknown, and a
value that no placeholder asks for, is an error: neither the prose nor the table can leave the other behind unnoticed.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

from chatwire import fields as f
from chatwire.commands import (
    BAD_OBJECTS_IN_A_ROW,
    COMMANDS,
    GENERIC_RESULTS,
    LEGACY_AWAY,
    LEGACY_BOX,
    LEGACY_GAP,
    LEGACY_OPENING_GAP,
    MAX_FRAME,
    PUSHES,
    TYPING_GAP,
    Command,
    Field,
)

# Only a checkout has it, and only there is the reference built.
TEMPLATE = Path(__file__).resolve().parent.parent / "docs" / "protocol.template.md"
_PLACEHOLDER = re.compile(r"\{\{([a-z-]+)\}\}")

TYPES: dict[f.Check, str] = {
    f.name: "name",
    f.new_name: "new name",
    f.names: "list of names",
    f.string: "string",
    f.password: "password",
    f.text: "text",
    f.cid: "cid",
    f.token: "string",
    f.mid: "mid",
    f.after: "mid or -1",
    f.limit: "integer from 1",
    f.length: "integer, or its digits in a string",
    f.filename: "string",
    f.sha256: "64 hexadecimal digits",
    f.file_id: "string",
    f.ticket: "string",
    f.number: "integer from 0",
    f.port: "integer from 0 to 65535",
    f.report: "word",
    f.role: "`send` or `receive`",
}
"""What a reader is told about a field that this function checks."""


class TemplateError(Exception):
    """Template and values do not fit; the message names the placeholders."""


def build(template: str) -> str:
    """Return the whole reference.

    Raises:
        TemplateError: a placeholder has no value, or a value has no placeholder.
    """
    values = _values()
    asked = set(_PLACEHOLDER.findall(template))
    if asked != values.keys():
        names = ", ".join(sorted(asked ^ values.keys()))
        raise TemplateError(f"placeholders without a value, or values without a placeholder: {names}")
    return _PLACEHOLDER.sub(lambda found: values[found[1]], template)


def main(argv: Sequence[str] | None = None) -> int:
    """Write the reference to standard output, or compare it with a file; the exit status."""
    parser = argparse.ArgumentParser(prog="python -m chatwire.reference", description="Builds docs/PROTOCOL.md.")
    parser.add_argument("--check", type=Path, metavar="FILE", help="write nothing; exit 1 when FILE differs")
    options = parser.parse_args(argv)
    text = build(TEMPLATE.read_text(encoding="utf-8"))
    if options.check is None:
        sys.stdout.buffer.write(text.encode())  # not through the locale's encoding
        return 0
    if options.check.is_file() and options.check.read_bytes() == text.encode():
        return 0
    print(f"{options.check} is stale: python -m chatwire.reference > {options.check}", file=sys.stderr)
    return 1


def _values() -> dict[str, str]:
    commands = [command for command in COMMANDS.values() if not command.daemon]
    daemon = [command for command in COMMANDS.values() if command.daemon]
    return {
        "commands-original": "\n\n".join(_command(command) for command in commands if command.original),
        "commands-added": "\n\n".join(_command(command) for command in commands if not command.original),
        "commands-daemon": "\n\n".join(map(_command, daemon)),
        "generic-results": _table(("result", "meaning"), _coded(GENERIC_RESULTS)),
        "pushes": _table(("push", "caused by", "fields, and who gets it"), _pushes()),
        "limits": _table(("what", "at most"), _limits()),
        "max-frame": _number(MAX_FRAME),
        "max-text": _number(f.MAX_TEXT),
        "max-name": _number(f.MAX_NAME),
        "max-password": _number(f.MAX_PASSWORD),
        "max-cid": _number(f.MAX_CID),
        "max-id": _number(f.MAX_ID),
        "max-filename": _number(f.MAX_FILENAME),
        "bad-in-a-row": _number(BAD_OBJECTS_IN_A_ROW),
        "legacy-gap": _number(LEGACY_GAP * 1000),
        "legacy-opening-gap": _number(LEGACY_OPENING_GAP * 1000),
        "legacy-box": _number(LEGACY_BOX),
        "legacy-away": _number(LEGACY_AWAY),
        "typing-gap": _number(TYPING_GAP),
    }


def _command(command: Command) -> str:
    """One command as a section."""
    session = "needs a session" if command.login else "needs no session"
    renamed = f"The reply to a success is named `{command.success}`." if command.success else ""
    parts = [
        f"### `{command.name}`",
        f"{command.doc} *Rate `{command.rate}`; {session}.*",
        _request(command),
        _list("Results", command.results),
        renamed,
        _list("Fields of the reply", command.reply),
        _list("Pushes", command.pushes),
    ]
    return "\n\n".join(part for part in parts if part)


def _request(command: Command) -> str:
    if not command.fields:
        return "No fields."
    rows = [(f"`{spec.name}`", TYPES[spec.check], _need(command, spec), spec.doc) for spec in command.fields]
    return _table(("field", "type", "needed", ""), rows)


def _need(command: Command, spec: Field) -> str:
    """Whether a field has to be there."""
    if command.one_of and spec.name in command.one_of:
        return "one of the two"
    return "yes" if spec.required else "no"


def _list(title: str, items: dict[str, str]) -> str:
    """Words with their meanings: on one line when there is nothing to explain."""
    if not items:
        return ""
    if not any(items.values()):
        return f"{title}: " + ", ".join(f"`{name}`" for name in items)
    lines = [f"- `{name}`" + (f": {doc}" if doc else "") for name, doc in items.items()]
    return "\n".join([f"{title}:", "", *lines])


def _pushes() -> list[tuple[str, str, str]]:
    """Every push once, with the commands that cause it."""
    causes: dict[tuple[str, str], list[str]] = {}
    for command in COMMANDS.values():
        for name, doc in command.pushes.items():
            causes.setdefault((name, doc), []).append(f"`{command.name}`")
    rows = [(f"`{name}`", ", ".join(commands), doc) for (name, doc), commands in causes.items()]
    return rows + [(f"`{name}`", "", doc) for name, doc in PUSHES.items()]


def _limits() -> list[tuple[str, str]]:
    return [
        ("an object that a client sends", f"{_number(MAX_FRAME)} bytes, unless configured otherwise"),
        ("the text of a message", f"{_number(f.MAX_TEXT)} bytes of UTF-8, unless configured otherwise"),
        ("a name", f"{f.MAX_NAME} characters"),
        ("a password", f"{_number(f.MAX_PASSWORD)} bytes of UTF-8"),
        ("a file's name", f"{f.MAX_FILENAME} characters"),
        ("a `cid`", f"{f.MAX_CID} characters"),
        ("an `id`", f"{f.MAX_ID} characters, or 64 bits"),
        ("a page of `sync` or `history`", _page_limit()),
        ("objects in a row that are no requests", f"{BAD_OBJECTS_IN_A_ROW - 1}; one more ends the connection"),
    ]


def _page_limit() -> str:
    return (
        f"{f.MAX_PAGE} messages ({f.DEFAULT_PAGE} without `limit`), and what fits into one object "
        "of the permitted size; `more` tells whether there is more"
    )


def _coded(items: dict[str, str]) -> list[tuple[str, str]]:
    return [(f"`{name}`", doc) for name, doc in items.items()]


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table."""
    return "\n".join(_row(cells) for cells in (head, ["---"] * len(head), *rows))


def _row(cells: Sequence[str]) -> str:
    """One line of a table; a bar within a cell must not end it, not even within backquotes."""
    return " ".join(["|", *(cell.replace("|", "\\|") + " |" for cell in cells)])


def _number(value: float) -> str:
    return f"{round(value):,}"


if __name__ == "__main__":
    sys.exit(main())
