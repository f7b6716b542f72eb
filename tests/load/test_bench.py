"""What the benchmark makes of its runs: medians, ratios, verdicts, and who takes part."""

from __future__ import annotations

import sys
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace

import pytest

from tests.bench.others import Others
from tests.load import sample
from tests.load.bench import __main__ as command
from tests.load.bench import contenders, goals, report, samples, workloads
from tests.load.bench.contenders import INSPIRCD, MARIADB, PROSODY, SQLITE, Contender
from tests.load.bench.measure import Manner, measure
from tests.load.bench.options import chosen, parser
from tests.load.bench.report import Outcome
from tests.load.bench.rounds import Results, Rounds, turns
from tests.load.bench.samples import Sample, Series
from tests.load.bench.traffic import BusyChatd
from tests.load.bench.workloads import FANOUT_100, IDLE_5000, PAIR_8, RATE_5K, STORM_5000, Kind, Workload
from tests.load.figures import Failure
from tests.load.scenarios.idle import Idle
from tests.load.scenarios.pairs import Pairs
from tests.load.targets.base import Address, Population, Target, Unusable
from tests.load.targets.chatd import Chatd
from tests.load.wires.chat import ChatWire


def series(*rates: float, **figures: float) -> Series:
    """One sample for each rate, with further figures that are the same in all."""
    return Series([Sample(rate=rate, **figures) for rate in rates])  # type: ignore[arg-type]


def results(*entries: tuple[Workload, str, Series]) -> Results:
    """As after all rounds."""
    found: Results = defaultdict(Series)
    found.update({(workload.name, label): one for workload, label, one in entries})
    return found


def states(found: Results) -> dict[str, str]:
    """What became of each goal."""
    return {verdict.what: verdict.state for verdict in goals.verdicts(found)}


def test_a_series_shows_medians() -> None:
    found = series(5, 1, 3, 100, 4, p99=2.5)
    assert (found.rate, found.slowest, found.fastest, found.p99) == (4, 1, 100, 2.5)
    assert not found.doubt


def test_a_sample_counts_the_database_too() -> None:
    one = samples.of_result(sample.result(seconds=10.0, delivered=1000, server_cpu=3.0, database_cpu=1.0))
    assert (one.rate, one.cpu, one.cores) == (100.0, 0.004, 0.4)
    assert one.generator == 0.6
    assert not one.limited
    assert not one.failures


def test_a_run_that_delivered_nothing_has_no_price() -> None:
    assert samples.of_result(sample.result(delivered=0, seconds=0.0)).cpu == 0.0


def test_a_ratio_is_judged_as_it_is_shown() -> None:
    met = states(results((FANOUT_100, SQLITE, series(1196.0)), (FANOUT_100, INSPIRCD, series(1000.0))))
    missed = states(results((FANOUT_100, SQLITE, series(1194.0)), (FANOUT_100, INSPIRCD, series(1000.0))))
    assert met == {f"fanout-100: {SQLITE}": "met"}
    assert missed == {f"fanout-100: {SQLITE}": "MISSED"}


@pytest.mark.parametrize("which", [SQLITE, INSPIRCD])
def test_nothing_is_called_good_when_the_generator_was_the_bottleneck(which: str) -> None:
    labels = {SQLITE: series(*[9000.0] * 5), INSPIRCD: series(*[1000.0] * 5)}
    few = [Sample(rate=9000.0, limited=number < 2) for number in range(5)]
    most = [Sample(rate=9000.0, limited=number < 3) for number in range(5)]
    for found, state in ((few, "met"), (most, "unproven: the generator was the bottleneck")):
        labels[which] = Series(found)
        reached = states(results(*((PAIR_8, label, one) for label, one in labels.items())))
        assert reached[f"pair-8: {SQLITE}"] == state
    shown = report.as_text(Outcome(results((PAIR_8, which, Series(few))), []))
    assert "the generator was the bottleneck in 2 of 5" in shown


def test_nothing_is_called_good_when_a_promise_was_broken() -> None:
    broken = sample.result(failures=[Failure("lost", "message 7 of al to bo")], failure_count=2)
    found = results((PAIR_8, SQLITE, Series([samples.of_result(broken)])), (PAIR_8, PROSODY, series(1.0)))
    assert states(found) == {f"pair-8: {SQLITE}": "unproven: messages were lost or wrong"}
    outcome = Outcome(found, [])
    assert outcome.failures() == [
        f"pair-8, {SQLITE}: 2 broken promises",
        f"pair-8, {SQLITE}: lost: message 7 of al to bo",
    ]
    assert "1 of 1 FAILED" in report.as_text(outcome)
    assert "- pair-8, chatd, SQLite: lost: message 7 of al to bo" in report.as_markdown(outcome)


@pytest.mark.parametrize(
    ("workload", "good", "bad"),
    [
        (RATE_5K, Sample(p99=10.0, cores=0.5), Sample(p99=10.02, cores=0.51)),
        (IDLE_5000, Sample(each=4096.0, cores=0.01), Sample(each=4200.0, cores=0.0102)),
        (STORM_5000, Sample(seconds=5.0), Sample(seconds=5.01)),
    ],
)
def test_limits_of_our_own(workload: Workload, good: Sample, bad: Sample) -> None:
    assert set(states(results((workload, SQLITE, Series([good])))).values()) == {"met"}
    assert set(states(results((workload, SQLITE, Series([bad])))).values()) == {"MISSED"}


def test_ours_against_ours() -> None:
    found = results(
        (PAIR_8, SQLITE, series(1000.0)),
        (FANOUT_100, SQLITE, series(1000.0)),
        (workloads.TEN_THOUSAND, SQLITE, series(900.0)),
        (workloads.TLS_PAIR, SQLITE, series(500.0)),
        (workloads.TLS_FANOUT, SQLITE, series(480.0)),
        (workloads.WORKERS_PAIR, contenders.with_workers(1), series(1000.0)),
        (workloads.WORKERS_PAIR, contenders.with_workers(4), series(790.0)),
    )
    assert states(found) == {
        f"ten-thousand: {SQLITE}": "met",
        f"tls pair-8: {SQLITE}": "met",
        f"tls fanout-100: {SQLITE}": "MISSED",
        f"workers pair-8: {contenders.with_workers(4)}": "MISSED",
    }


def test_ratios_of_speed_and_price() -> None:
    found = results((PAIR_8, MARIADB, series(500.0, cpu=4e-6)), (PAIR_8, INSPIRCD, series(1000.0, cpu=2e-6)))
    assert list(report.ratios(found)) == [("pair-8", MARIADB, INSPIRCD, "0.50", "2.00", "")]


def test_every_page_is_made_of_what_was_measured() -> None:
    found = results(
        (FANOUT_100, SQLITE, series(2_000_000.0, cpu=0.4e-6)),
        (IDLE_5000, INSPIRCD, Series([Sample(each=2048.0, cores=0.001)])),
        (STORM_5000, SQLITE, Series([Sample(seconds=2.5, rate=2000.0)])),
    )
    text = report.as_markdown(Outcome(found, ["2 cores"], ["Prosody is left out: not installed"]))
    assert "| fanout-100 | chatd, SQLite | 2000000 | 2000000 | 2000000 | 0.40 |" in text
    assert "| idle | InspIRCd | 2.00 | 0.10 |" in text
    assert "| storm | chatd, SQLite | 2.50 | 2000 |" in text
    assert "- Prosody is left out: not installed" in text
    assert "1 of 1 goals are met." in text


def test_who_takes_part() -> None:
    everybody = [*contenders.ours(["sqlite", "mariadb"], []), *contenders.workers([]), *contenders.PEERS]

    def labels(workload: Workload, number: int = 0) -> list[str]:
        return [contender.label for contender in turns(everybody, workload, number)]

    assert labels(workloads.MIXED_FILES) == [SQLITE, MARIADB]
    assert labels(RATE_5K) == labels(FANOUT_100) == [SQLITE, MARIADB, "InspIRCd", "Mosquitto", "Prosody", "uvloop"]
    assert labels(FANOUT_100, 7) == [MARIADB, "InspIRCd", "Mosquitto", "Prosody", "uvloop", SQLITE]
    assert labels(workloads.WORKERS_PAIR) == [contenders.with_workers(count) for count in contenders.WORKERS]


def test_what_is_asked_for() -> None:
    def names(*arguments: str) -> list[str]:
        return [workload.name for workload in chosen(parser().parse_args(arguments))]

    assert names("--peers") == ["fanout-100", "fanout-1000", "pair-8", "pair-1", "idle"]
    assert names("--peers", "--only", "rate-5k") == ["rate-5k"]
    assert names("--only", "tls", "pair-8") == ["pair-8", "tls fanout-100", "tls pair-8"]
    assert len(names()) == len(workloads.ALL)


class Nowhere(Target):
    """Never comes up."""

    name = "Nowhere"
    wire = ChatWire()

    def start(self, population: Population) -> Address:
        raise Unusable("Nowhere: not installed")

    def stop(self) -> None:
        """Nothing was started."""

    def pids(self) -> Sequence[int]:
        return ()


def test_a_server_that_cannot_take_part_is_left_out_and_named(capsys: pytest.CaptureFixture[str]) -> None:
    rounds = Rounds([Contender("Nowhere", lambda workload: Nowhere())], Manner(0.2, 0.1, 1), Others(0.0))
    rounds.run(0, [FANOUT_100, PAIR_8])
    assert rounds.missing == {"Nowhere": "Nowhere: not installed"}
    assert not rounds.results
    assert capsys.readouterr().err.count("left out") == 1


def test_a_real_round(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    small = Workload("pair-8", "a few", (Pairs(2, 8),))
    monkeypatch.setattr(command, "chosen", lambda options: [small])
    arguments = "--rounds 2 --seconds 0.3 --warm-up 0.2 --patience 0 --engines sqlite"
    monkeypatch.setattr(sys, "argv", ["bench", *arguments.split()])
    assert command.main() == 0
    said = capsys.readouterr()
    assert "round 2 of 2" in said.err
    assert "pair-8    chatd, SQLite" in said.out


def test_real_files_beside_the_messages() -> None:
    small = Workload("mixed-files", "a few", (Pairs(2, rate=20),), files=True)
    (ours,) = contenders.ours(["sqlite"], [])
    target = ours.make(small)
    found = measure(small, target, Manner(1.5, 0.1, 1))
    assert not found.failures
    assert all(found.files)
    shown = report.as_text(Outcome(results((small, SQLITE, Series([replace(found, files=(230.0, 103.2))]))), []))
    assert "files: 230 MiB/s up, 103 down" in shown


class Fruitless(BusyChatd):
    """Its file daemon is gone before anything can be moved."""

    def _serve_files(self) -> None:
        """There is none."""


def test_a_server_that_moves_no_files_is_left_out() -> None:
    target = Fruitless("sqlite")
    try:
        with pytest.raises(Unusable, match=r"^no files can be moved: "):
            target.start(Population([], {}))
    finally:
        target.stop()
    assert not target.pids()


def test_a_real_storm_and_real_idleness(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.load.bench.measure.STORM", 50)
    storm = measure(STORM_5000, Chatd("sqlite"), Manner(0.3, 0.1, 1))
    assert not storm.failures
    assert storm.rate * storm.seconds == pytest.approx(50)
    monkeypatch.setattr("tests.load.bench.measure.FEW", 5)
    small = Workload("idle", "a few", (Idle(50),), Kind.IDLE)
    idle = measure(small, Chatd("sqlite"), Manner(0.3, 0.1, 1))
    assert not idle.failures
