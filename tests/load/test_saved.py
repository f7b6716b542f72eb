from __future__ import annotations

import os
import stat
from pathlib import Path

import orjson
import pytest

from tests.load import saved
from tests.load.figures import Failure
from tests.load.latency import Latencies
from tests.load.sample import latencies, result


def test_what_is_loaded_is_what_was_saved(tmp_path: Path) -> None:
    made = result(failures=[Failure("lost", "pair 1")], failure_count=1, phases={"storm": {"seconds": 2.5}})
    path = tmp_path / "new" / "result.json"
    saved.save(made, path)
    assert saved.load(path) == made


def test_others_can_read_it(tmp_path: Path) -> None:
    saved.save(result(), tmp_path / "result.json")
    values = orjson.loads((tmp_path / "result.json").read_bytes())
    assert values["format"] == saved.FORMAT
    assert values["ok"] is True
    assert values["moments"][0]["deliveries"] == 100_000.0
    assert Latencies.decode(values["histogram"].encode()).encode() == latencies().encode()


def test_the_file_takes_its_place_at_once_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "result.json"
    path.write_text("the old one")

    def half(place: Path) -> None:
        place.write_text("the n")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        saved.write(path, half)
    assert path.read_text() == "the old one"
    assert os.listdir(tmp_path) == ["result.json"]


def test_its_permissions_are_those_of_any_new_file(tmp_path: Path) -> None:
    saved.save(result(), tmp_path / "result.json")
    (tmp_path / "other").touch()
    assert stat.S_IMODE((tmp_path / "result.json").stat().st_mode) == stat.S_IMODE((tmp_path / "other").stat().st_mode)


@pytest.mark.parametrize(
    "text", ["", "[]", "nonsense", "{}", '{"format": "chatd-load/0"}', '{"format": "chatd-load/1"}']
)
def test_what_is_no_result_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "odd.json").write_text(text)
    with pytest.raises(ValueError):  # noqa: PT011 # whatever its words
        saved.load(tmp_path / "odd.json")


@pytest.mark.parametrize("name", ["histogram", "moments", "failures"])
def test_a_field_of_another_shape_is_refused(tmp_path: Path, name: str) -> None:
    path = tmp_path / "result.json"
    saved.save(result(), path)
    values = orjson.loads(path.read_bytes())
    values[name] = 5
    path.write_bytes(orjson.dumps(values))
    with pytest.raises(ValueError, match="another shape"):
        saved.load(path)
