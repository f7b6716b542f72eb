"""Who else knocks at the door of a running client."""

from __future__ import annotations

import socket
from pathlib import Path

from pytestqt.qtbot import QtBot

from qtclient import instance
from qtclient.instance import Instance, claim


def test_a_second_claim_knocks_and_a_free_door_is_taken(tmp_path: Path, qtbot: QtBot) -> None:
    door = claim(tmp_path)
    assert door is not None
    first = Instance(door)
    with qtbot.waitSignal(first.knocked):
        assert claim(tmp_path) is None
    other = claim(tmp_path / "other")
    assert other is not None
    other.close()
    first.close()
    again = claim(tmp_path)
    assert again is not None
    again.close()


def test_the_same_folder_by_another_way_is_the_same_profile(tmp_path: Path) -> None:
    (tmp_path / "profile").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "profile")
    door = claim(tmp_path / "profile")
    assert door is not None
    assert claim(tmp_path / "link") is None
    door.close()


def test_a_name_that_another_user_has_taken_does_not_keep_the_client_from_starting(tmp_path: Path) -> None:
    squatter = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    squatter.bind(instance._name(tmp_path))  # bound, but it does not listen: whoever it is, it is no client
    door = claim(tmp_path)
    assert door is not None
    door.close()
    squatter.close()
