"""Real processes, and what they cost."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator

import pytest

from tests.load import watch
from tests.load.watch import Watch
from tests.support.waiting import wait_until

# It works a while in itself and in a child, then says so and waits; the child holds 40 MiB until its input ends.
PARENT = """
import subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", sys.argv[1]], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
child.stdout.readline()
while time.process_time() < 0.3: pass
print("ready", flush=True)
sys.stdin.readline()
child.communicate()
print("alone", flush=True)
sys.stdin.readline()
"""
CHILD = """
import sys, time
held = bytearray(40 << 20)
while time.process_time() < 0.3: pass
print("ready", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def parent(monkeypatch: pytest.MonkeyPatch) -> Iterator[subprocess.Popen[str]]:
    monkeypatch.setattr(watch, "LOOK", 0.0)
    command = [sys.executable, "-c", PARENT, CHILD]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        yield process
        process.kill()


def _says(process: subprocess.Popen[str], word: str) -> None:
    assert process.stdout
    assert process.stdout.readline() == f"{word}\n"


def _go_on(process: subprocess.Popen[str]) -> None:
    assert process.stdin
    process.stdin.write("\n")
    process.stdin.flush()


def test_descendants_count_and_what_they_had_used_stays_when_they_end(parent: subprocess.Popen[str]) -> None:
    _says(parent, "ready")
    watched = Watch([parent.pid])
    used, held = watched.cpu(), watched.rss()
    assert used >= 0.55
    assert held > 45 << 20
    _go_on(parent)
    _says(parent, "alone")
    assert watched.cpu() >= used
    assert watched.rss() < held - (40 << 20)
    assert watched.peak == held


def test_what_has_ended_is_no_error(parent: subprocess.Popen[str]) -> None:
    _says(parent, "ready")
    watched = Watch([parent.pid])
    used = watched.cpu()
    parent.kill()
    parent.wait()
    wait_until(lambda: watched.rss() == 0, "nothing left")
    assert watched.cpu() >= used


def test_a_process_that_comes_later_is_added(parent: subprocess.Popen[str]) -> None:
    watched = Watch([])
    assert (watched.cpu(), watched.rss(), watched.peak) == (0.0, 0, 0)
    _says(parent, "ready")
    watched.add(parent.pid)
    assert watched.cpu() >= 0.55


def test_a_process_that_is_not_there_costs_nothing() -> None:
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    watched = Watch([gone.pid])
    assert (watched.cpu(), watched.rss()) == (0.0, 0)
