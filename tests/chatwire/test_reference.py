"""The reference: docs/PROTOCOL.md is what the table and the template say, and its examples are real."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from chatwire import reference
from chatwire.codec import decode
from chatwire.commands import COMMANDS, GENERIC_RESULTS, PUSHES, reply_name
from chatwire.errors import BadJson, BadRequest

DOCUMENT = reference.TEMPLATE.with_name("PROTOCOL.md")
TEXT = DOCUMENT.read_text(encoding="utf-8")
EXAMPLES = re.findall(r"^([CS]): (.*)$", TEXT, re.MULTILINE)
WRONG_ON_PURPOSE = {b'{"cmd":"add","id":9}', b'{"cmd":"dance"}', b"hello?"}

REPLIES = {reply_name(name): command for name, command in COMMANDS.items()}
REPLIES |= {command.success: command for command in COMMANDS.values() if command.success}
PUSHED = {name for command in COMMANDS.values() for name in command.pushes} | PUSHES.keys()


# -- the document --------------------------------------------------------------


def test_the_document_is_up_to_date() -> None:
    assert reference.build(reference.TEMPLATE.read_text(encoding="utf-8")) == TEXT, (
        "docs/PROTOCOL.md is stale: python -m chatwire.reference > docs/PROTOCOL.md"
    )


def test_nothing_is_left_to_fill_in() -> None:
    assert "{{" not in TEXT


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_a_section_with_all_its_words(name: str) -> None:
    section = TEXT.split(f"\n### `{name}`\n")[1].split("\n#")[0]
    command = COMMANDS[name]
    for word in [spec.name for spec in command.fields] + [*command.results, *command.reply, *command.pushes]:
        assert f"`{word}`" in section


@pytest.mark.parametrize("word", [*GENERIC_RESULTS, *sorted(PUSHED)])
def test_every_generic_result_and_push_is_explained(word: str) -> None:
    assert re.search(rf"^\| `{word}` \|", TEXT, re.MULTILINE)


def test_every_row_of_a_table_has_as_many_cells_as_its_head() -> None:
    for table in re.findall(r"(?:^\|.*\n)+", TEXT, re.MULTILINE):
        counts = {len(re.findall(r"(?<!\\)\|", row)) for row in table.splitlines()}
        assert len(counts) == 1, table


def test_every_link_leads_to_a_heading() -> None:
    headings = {
        re.sub(r"[^a-z0-9_ -]", "", title.lower()).replace(" ", "-") for title in re.findall(r"^#+ (.*)$", TEXT, re.M)
    }
    assert set(re.findall(r"\]\(#([^)]*)\)", TEXT)) <= headings


# -- the examples --------------------------------------------------------------


@pytest.mark.parametrize("line", [line.encode() for who, line in EXAMPLES if who == "C"])
def test_what_the_client_says_in_an_example_is_a_good_request(line: bytes) -> None:
    if line in WRONG_ON_PURPOSE:
        with pytest.raises((BadJson, BadRequest, KeyError)):
            COMMANDS[decode(line)["cmd"]].check(decode(line))
        return
    request = decode(line)
    command = COMMANDS[request["cmd"]]
    assert request.keys() <= {"cmd", "id"} | {spec.name for spec in command.fields}
    command.check(request)


@pytest.mark.parametrize("line", [line.encode() for who, line in EXAMPLES if who == "S"])
def test_what_the_server_says_in_an_example_is_in_the_table(line: bytes) -> None:
    obj = decode(line)
    command = REPLIES.get(obj["cmd"])
    if command is None:
        assert obj["cmd"] in PUSHED
        return
    assert obj["result"] in {*command.results, *GENERIC_RESULTS}
    assert obj.keys() <= {"cmd", "id", "result", "detail", *command.reply}
    if command.name in ("login", "resume"):
        assert obj.keys() - {"id"} == {"cmd", "result", *command.reply}


def test_every_request_in_an_example_is_answered() -> None:
    asked = [
        decode(line.encode()) for who, line in EXAMPLES if who == "C" and line not in ('{"cmd":"dance"}', "hello?")
    ]
    told = [decode(line.encode()) for who, line in EXAMPLES if who == "S"]
    replies = [(obj["cmd"], obj.get("id")) for obj in told if obj["cmd"] in REPLIES]
    assert replies == [(COMMANDS[obj["cmd"]].success or reply_name(obj["cmd"]), obj.get("id")) for obj in asked]


# -- the program ---------------------------------------------------------------


def test_it_writes_to_standard_output(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    assert reference.main([]) == 0
    assert capfdbinary.readouterr().out == DOCUMENT.read_bytes()


def test_check_tells_whether_a_file_is_stale(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    stale = tmp_path / "PROTOCOL.md"
    assert reference.main(["--check", str(stale)]) == 1
    stale.write_text(TEXT + "\n", encoding="utf-8")
    assert reference.main(["--check", str(stale)]) == 1
    assert str(stale) in capsys.readouterr().err
    assert reference.main(["--check", str(DOCUMENT)]) == 0
    assert capsys.readouterr() == ("", "")


def test_a_placeholder_that_nobody_knows_is_an_error() -> None:
    template = reference.TEMPLATE.read_text(encoding="utf-8")
    with pytest.raises(reference.TemplateError, match="no-such-value"):
        reference.build(template + "{{no-such-value}}")


def test_a_value_that_nobody_asks_for_is_an_error() -> None:
    template = reference.TEMPLATE.read_text(encoding="utf-8")
    with pytest.raises(reference.TemplateError, match="commands-added"):
        reference.build(template.replace("{{commands-added}}", ""))


def test_every_type_of_field_has_a_word() -> None:
    assert {spec.check for command in COMMANDS.values() for spec in command.fields} <= reference.TYPES.keys()
