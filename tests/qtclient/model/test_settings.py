"""What the user has chosen stays, and a file of nonsense costs nothing but itself."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from qtclient.model.settings import Settings


def test_choices_stay_and_are_told(qapp: object, profile: Path) -> None:
    settings = Settings(profile)
    told: list[str] = []
    settings.changed.connect(told.append)
    assert (settings.theme, settings.tabs, settings.notify) == ("system", False, True)
    settings.set("theme", "dark")
    settings.set("theme", "dark")
    settings.set("windows", {"main": [1, 2, 3, 4]})
    assert told == ["theme", "windows"]
    again = Settings(profile)
    assert (again.theme, again.windows) == ("dark", {"main": [1, 2, 3, 4]})
    with pytest.raises(ValueError, match="theme"):
        settings.set("theme", "pink")
    with pytest.raises(KeyError):
        settings.set("nothing", 1)
    with pytest.raises(AttributeError):
        _ = settings.nothing


def test_a_choice_for_this_run_only(qapp: object, profile: Path) -> None:
    settings = Settings(profile)
    settings.override("language", "zh")
    assert settings.language == "zh"
    settings.set("tabs", True)
    assert Settings(profile).language == "system"
    settings.set("language", "en")
    assert settings.language == "en"


@pytest.mark.parametrize("text", ["", "nonsense", "[]", '{"theme": 5, "font_size": true, "tabs": "yes", "open": {}}'])
def test_a_file_of_nonsense(qapp: object, profile: Path, text: str) -> None:
    (profile / "settings.json").write_text(text)
    settings = Settings(profile)
    assert (settings.theme, settings.font_size, settings.tabs, settings.open) == ("system", 0, False, [])
    settings.set("tabs", True)
    assert json.loads((profile / "settings.json").read_text())["tabs"] is True


def test_accounts(qapp: object, profile: Path) -> None:
    settings = Settings(profile)
    assert settings.last_account() is None
    settings.remember_account("a:1", "ann", stay=True)
    settings.remember_account("b:2", "ben", stay=False)
    assert [account.user for account in settings.known_accounts()] == ["ben", "ann"]
    assert settings.last_account() is None
    settings.remember_account("a:1", "ann", stay=True)
    last = settings.last_account()
    assert last is not None
    assert (last.server, last.user) == ("a:1", "ann")
    settings.forget_account("a:1", "ann")
    assert [account.user for account in Settings(profile).known_accounts()] == ["ben"]


def test_a_folder_that_cannot_be_written(qapp: object, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    settings = Settings(tmp_path / "file" / "profile")
    settings.set("tabs", True)
    assert settings.tabs, "it is so for this run"


def test_downloads(qapp: object, profile: Path, tmp_path: Path) -> None:
    settings = Settings(profile)
    assert settings.downloads.is_absolute()
    settings.set("download_folder", str(tmp_path))
    assert settings.downloads == tmp_path
