"""Which input method is chosen, and how fcitx's plugin is offered."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from qtclient.input_methods import MODULE, PATH, PLUGINS, prepare

FCITX5, FCITX4 = PLUGINS


@pytest.fixture
def usr(tmp_path: Path) -> Path:
    """A distribution that has more plugins than may be offered."""
    folder = tmp_path / "usr/lib/x86_64-linux-gnu/qt5/plugins/platforminputcontexts"
    folder.mkdir(parents=True)
    for name in (FCITX4, FCITX5, "libibusplatforminputcontextplugin.so"):
        (folder / name).touch()
    return tmp_path / "usr"


def test_a_link_to_fcitx_and_to_nothing_else_is_offered(usr: Path, tmp_path: Path) -> None:
    environ = {MODULE: "fcitx", PATH: "/elsewhere"}
    stale = tmp_path / "ours/platforminputcontexts/stale.so"
    stale.parent.mkdir(parents=True)
    stale.touch()
    for _ in range(2):
        found = prepare(environ, tmp_path / "ours", tmp_path / "qt", usr)
        assert found.plugin is not None
        assert found.plugin.name == FCITX5
        assert [path.name for path in stale.parent.iterdir()] == [FCITX5]
        assert os.readlink(stale.parent / FCITX5) == str(found.plugin)
    assert environ[MODULE] == "fcitx"
    assert environ[PATH].split(os.pathsep)[0] == str(tmp_path / "ours")
    assert "/elsewhere" in environ[PATH]


def test_the_plugin_of_fcitx_4_is_taken_where_there_is_no_other(usr: Path, tmp_path: Path) -> None:
    next(usr.rglob(FCITX5)).unlink()
    found = prepare({MODULE: "fcitx"}, tmp_path / "ours", tmp_path / "qt", usr)
    assert found.plugin is not None
    assert found.plugin.name == FCITX4


def test_a_qt_that_has_the_plugin_itself_is_left_alone(usr: Path, tmp_path: Path) -> None:
    own = tmp_path / "qt/platforminputcontexts"
    own.mkdir(parents=True)
    (own / FCITX5).touch()
    environ = {MODULE: "fcitx5"}
    assert prepare(environ, tmp_path / "ours", tmp_path / "qt", usr).plugin is None
    assert environ == {MODULE: "fcitx5"}


@pytest.mark.parametrize(
    ("environ", "module"),
    [
        ({}, ""),
        ({"XMODIFIERS": "@im=fcitx"}, "fcitx"),
        ({"XMODIFIERS": "@im=ibus"}, "ibus"),
        ({"GTK_IM_MODULE": "fcitx5"}, "fcitx"),
        ({MODULE: "xim", "XMODIFIERS": "@im=fcitx"}, "fcitx"),
        ({MODULE: "ibus", "XMODIFIERS": "@im=fcitx"}, "ibus"),
        ({MODULE: "compose"}, "compose"),
        ({"XDG_SESSION_TYPE": "wayland", "XMODIFIERS": "@im=fcitx"}, ""),
        ({"XDG_SESSION_TYPE": "wayland", MODULE: "fcitx"}, "fcitx"),
    ],
)
def test_what_the_user_has_set_up_is_found(environ: dict[str, str], module: str, tmp_path: Path) -> None:
    assert prepare(dict(environ), tmp_path / "ours", tmp_path / "qt", tmp_path / "nothing").module == module


def test_what_cannot_be_done_is_logged_and_costs_nothing_more(
    usr: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    assert prepare({MODULE: "fcitx"}, tmp_path / "ours", tmp_path / "qt", tmp_path / "nothing").plugin is None
    assert "not installed" in caplog.text
    (tmp_path / "file").touch()
    environ = {MODULE: "fcitx"}
    assert prepare(environ, tmp_path / "file", tmp_path / "qt", usr).plugin is None
    assert "cannot be linked" in caplog.text
    assert PATH not in environ
