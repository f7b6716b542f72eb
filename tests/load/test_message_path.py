"""The measurement of our own code uses the server's inside, so it has to keep up with it."""

from __future__ import annotations

import pytest

from tests.load.bench import message_path


def test_every_kind_of_message_is_measured(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(message_path, "TURNS", 1)
    message_path.main()
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 4
    assert all(float(figure) >= 0 for line in lines[1:] for figure in line[19:].split())
