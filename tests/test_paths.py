"""Whatever the data folder is called, the database is in it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from chatbase.drivers import parse, sqlite_url
from chatbase.options import ConfigError
from chatbase.startup import one_line_errors
from chatd.config import load
from chatd.startup import open_database
from filed.config import load as load_filed
from filed.offer import main as offer

FOLDERS = (
    "a#b", "a?b=c", "%41", "a%", "tab\there", " a space ", "new\nline", "a+b;c&d", "\u65b0\u3057\u3044 \U0001fa77",
    os.fsdecode(b"caf\xe9"), "a\\b'c\"d",
)  # fmt: skip


@pytest.mark.parametrize("name", FOLDERS)
def test_the_database_is_in_the_data_folder(tmp_path: Path, name: str) -> None:
    data = tmp_path / "folder" / name
    data.mkdir(parents=True)
    settings = load(["--data", str(data)])
    assert settings.database == load_filed(["--data", str(data)]).database
    database, claimed = open_database(settings, 1)
    claimed.close()
    database.close()
    assert offer(["--data", str(data), "--name", "x", "--size", "1"]) == 0
    inside = {path.name for path in data.iterdir()}
    assert {"chat.db", "chat.db.lock", "secret"} <= inside
    assert [path.name for path in tmp_path.iterdir()] == ["folder"]
    assert [path.name for path in (tmp_path / "folder").iterdir()] == [name]


def test_a_url_gives_back_the_path(tmp_path: Path) -> None:
    for name in FOLDERS:
        assert parse(sqlite_url(tmp_path / name))[2] == {"path": str(tmp_path / name)}
    assert parse("sqlite:////srv/a b/%23%41.db")[2] == {"path": "/srv/a b/#A.db"}


@pytest.mark.parametrize("end", ["a#b.db", "a?b.db", "a\tb.db", "a\nb.db", "x.db?mode=ro"])
def test_what_would_be_another_file_is_refused(tmp_path: Path, end: str) -> None:
    with pytest.raises(ConfigError, match="a database URL is"), one_line_errors("use the database"):
        open_database(load(["--data", str(tmp_path), "--database", f"sqlite:///{tmp_path}/{end}"]), 1)
    assert not list(tmp_path.iterdir())


def test_a_socket_with_a_plus_sign() -> None:
    settings = parse("mysql://chat@localhost/chat?unix_socket=/run/a+b/%2B.sock")[2]
    assert settings["unix_socket"] == "/run/a+b/+.sock"
