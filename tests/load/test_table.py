from __future__ import annotations

import io

from rich.console import Console

from tests.load import table, words
from tests.load.figures import Failure, Result
from tests.load.sample import result


def _shown(of: Result, width: int = 100) -> str:
    written = io.StringIO()
    table.show(of, Console(file=written, width=width))
    return written.getvalue()


def test_the_table_has_all_that_was_measured() -> None:
    text = _shown(result(plan={"scenarios": [{"scenario": "groups", "count": 1, "size": 1000, "rate": 0.0}]}))
    for said in (
        "groups · chatd · SQLite", "10.0 s", "990,000  (99,000/s)", "10,000  (1,000/s)", "9.50 s  (0.95 cores)",
        "9.60 µs", "45.0 MiB  (at most 50.0 MiB)", "60%, 55%", "p99.9", "max", "none", "2 cores",
        "groups: count 1, size 1,000",
    ):  # fmt: skip
        assert said in text, said
    assert words.verdict(result()) in text


def test_a_scenario_s_own_figures_have_a_part_of_their_own() -> None:
    text = _shown(result(phases={"storm": {"seconds": 3.456, "logins/s": 1446.7}}))
    assert "storm" in text
    assert "3.46" in text
    assert "1,447" in text


def test_the_database_s_processor_time_counts_for_a_delivery() -> None:
    text = _shown(result(database_cpu=9.5, engine="MariaDB"))
    assert "9.50 s  (0.95 cores)" in text
    assert "19.2 µs" in text


def test_broken_promises_are_named() -> None:
    failures = [Failure("lost", f"pair 1, ann to ben, number {number}") for number in range(20)]
    text = _shown(result(failures=failures, failure_count=1200, errors={"lost": 1200}))
    assert "lost: pair 1, ann to ben, number 0" in text
    assert "... and 1,190 more" in text
    assert "FAILED: 1,200 broken promises." in text
    assert words.verdict(result()) not in text


def test_it_says_when_the_generator_was_the_bottleneck() -> None:
    assert "give the generator more processes" in _shown(result(generator_was_bottleneck=True))
    assert "give the generator more processes" not in _shown(result())


def test_a_server_elsewhere_has_no_processor_and_no_memory() -> None:
    text = _shown(result(server_cpu=0.0, server_rss=0, server_rss_peak=0))
    assert "not to be seen from here" in text
    assert "per delivery" not in text


def test_a_run_in_which_nothing_was_measured() -> None:
    empty = result(seconds=0.0, sent=0, acked=0, delivered=0, moments=[], generator_cpu=[], plan={"scenarios": "odd"})
    assert "load · chatd · SQLite" in _shown(empty)
    assert "load · chatd · SQLite" in table.markdown(empty)


def test_what_a_server_says_controls_neither_terminal_nor_page() -> None:
    hostile = "\x1b[2J[bold]<b>|`x\r\ny"
    text = result(
        target=hostile, errors={hostile: 1}, failures=[Failure(hostile, hostile)], failure_count=1, machine=[hostile]
    )
    assert "\x1b" not in _shown(text)
    assert "[bold]<b>|`x y" in _shown(text)
    page = table.markdown(text)
    assert "\x1b" not in page
    assert "\\[bold\\]&lt;b>\\|\\`x y" in page


def test_markdown_has_the_same_rows() -> None:
    page = table.markdown(result())
    for heading, found in table.rows(result()):
        assert f"| {heading} | {found[0][0]} | " in page
    assert page.startswith("**fanout-100 · chatd · SQLite**\n")
