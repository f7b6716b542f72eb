"""Pictures are drawn whatever the figures are; how they look is for eyes."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

from tests.load import distribution, picture, saved
from tests.load.figures import Failure, Result
from tests.load.latency import HIGHEST, Latencies
from tests.load.sample import moment, result


def _of(*values: int) -> Result:
    made = Latencies()
    made.record_all(values)
    return result(histogram=made.encode(), latency=made.percentiles())


@pytest.mark.parametrize(
    "of",
    [
        result(),
        result(moments=[]),
        result(moments=[moment(1)]),
        result(moments=[moment(1, 0.0), moment(2, 0.0)], delivered=0),
        _of(),
        _of(0),
        _of(2600),
        _of(0, 40, HIGHEST),
        result(failures=[Failure("lost", "one")], failure_count=1, generator_was_bottleneck=True),
        result(target="$\\frac{1$ _{^ \x1b[2J\x00 <svg> & \ud800 中" + "w" * 300, machine=["x" * 500]),
        result(server_cpu=0.0, server_rss=0, server_rss_peak=0),
    ],
    ids=[
        "all well",
        "no moments",
        "one moment",
        "silence",
        "no delivery",
        "0 µs",
        "one",
        "wide",
        "failed",
        "hostile",
        "elsewhere",
    ],
)
def test_any_result_can_be_drawn(of: Result, tmp_path: Path) -> None:
    picture.draw(of, tmp_path / "run.svg")
    assert ElementTree.parse(tmp_path / "run.svg").getroot().tag == "{http://www.w3.org/2000/svg}svg"


def test_png_and_the_size_of_it(tmp_path: Path) -> None:
    picture.draw(result(), tmp_path / "run.png")
    head = (tmp_path / "run.png").read_bytes()[:24]
    assert head[:8] == b"\x89PNG\r\n\x1a\n"
    assert (int.from_bytes(head[16:20], "big"), int.from_bytes(head[20:], "big")) == (1800, 1050)


def test_equal_results_make_equal_files(tmp_path: Path) -> None:
    for name in ("one.svg", "two.svg"):
        picture.draw(result(), tmp_path / name)
    assert (tmp_path / "one.svg").read_bytes() == (tmp_path / "two.svg").read_bytes()


def test_another_kind_of_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="ends in"):
        picture.draw(result(), tmp_path / "run.jpeg")
    assert list(tmp_path.iterdir()) == []


def test_a_saved_run_is_drawn_again(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    saved.save(result(), tmp_path / "run.json")
    assert picture.main([str(tmp_path / "run.json"), str(tmp_path / "again.svg")]) == 0
    picture.draw(result(), tmp_path / "run.svg")
    assert (tmp_path / "again.svg").read_bytes() == (tmp_path / "run.svg").read_bytes()
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    ("arguments", "said"),
    [([], "usage: "), (["missing.json", "x.svg"], "picture: [Errno 2]"), (["odd.json", "x.svg"], "picture: "),
     (["run.json", "x.gif"], "picture: x.gif: a picture ends in"), (["run.json", "odd.json/x.svg"], "picture: [Errno")],
)  # fmt: skip
def test_what_cannot_be_drawn_is_one_line(
    arguments: list[str], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "odd.json").write_text("[")
    saved.save(result(), tmp_path / "run.json")
    assert picture.main(arguments) == 2
    error = capsys.readouterr().err
    assert error.startswith(said)
    assert error.count("\n") == 1


def test_no_delivery_is_lost_between_the_bars() -> None:
    buckets = [(1.0, 2.0, 100), (2.0, 4.0, 60), (4.0, 4.5, 1)]
    assert distribution.rebin(buckets, [1.0, 1.5, 3.0, 5.0]) == [50.0, 80.0, 31.0]
