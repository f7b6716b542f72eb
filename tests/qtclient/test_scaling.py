"""When a pixel of ours may be a fraction of the screen's."""

from __future__ import annotations

import pytest

from qtclient.scaling import Policy, policy, rounding


@pytest.mark.parametrize(
    ("resources", "expected"),
    [
        ("", Policy.Round),  # Qt would take the factor from millimetres
        ("Xcursor.size:\t24\n", Policy.Round),
        ("Xft.antialias:\t1\nXft.dpi:\t96\n", Policy.Round),
        ("Xft.dpi: 100\n", Policy.Round),
        ("Xft.dpi:\t192\n", Policy.Round),
        ("Xft.dpi:\t120\n", Policy.PassThrough),
        ("Xft.dpi:\t144\nXft.hinting:\t1\n", Policy.PassThrough),
        ("Xft.dpi:\t1.4.4\n", Policy.Round),
    ],
)
def test_a_fraction_only_where_the_desktop_wants_one(resources: str, expected: Policy) -> None:
    assert rounding(resources) == expected


def test_without_an_x_server_it_is_left_to_the_platform() -> None:
    assert policy({}) == Policy.PassThrough


def test_a_server_that_is_not_there_is_no_problem_of_this() -> None:
    assert policy({"DISPLAY": ":59999"}) == Policy.Round
