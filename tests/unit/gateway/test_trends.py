"""What is said of a cooperation's indicators together, from the figures that are stored."""

from datetime import UTC, datetime

import pytest

from kembar_gateway import trends
from kembar_gateway.register.profile import load
from kembar_gateway.shelves import Shelf
from kembar_gateway.wire import Figure, Origin, State

COOPERATION = "bandung-kawasaki"
NOW = datetime(2026, 3, 10, tzinfo=UTC)


@pytest.fixture(scope="module")
def register():
    return load(None)


def figures(values, *, indicator="air.pm25_mean", stations=("A", "B")):
    return [
        Figure(
            indicator=indicator, jurisdiction="bandung", value=value,
            period=f"{2020 + n // 12}-{n % 12 + 1:02}", unit="µg/m³", state=State.OK,
            numerator=value, denominator=1.0, n=30,
            expected=30.0, coverage=1.0, origin=Origin.REAL, method="kembar/pm25-mean@1",
            stations=stations,
        )
        for n, value in enumerate(values)
        if value is not None
    ]  # fmt: skip


def said(register, found, indicator="air.pm25_mean"):
    shelf = Shelf(register, COOPERATION, {indicator: found}, {}, NOW)
    return trends.shown(trends.concluded(shelf)[indicator])


def uneven(n):
    return (7 * n % 5) / 5


def test_six_years_of_falling_dust_are_an_improvement(register):
    found = said(register, figures([60 - 0.4 * n + uneven(n) for n in range(74)]))

    assert (found.wording, found.change, found.reason) == ("decreasing", "improved", None)
    assert found.slope.value == pytest.approx(-4.8, abs=0.25)
    assert (found.n, found.expected, found.first, found.last) == (74, 74, "2020-01", "2026-02")
    assert found.p_adjusted >= found.p


def test_the_same_the_other_way_is_none(register):
    found = said(register, figures([30 + 0.4 * n + uneven(n) for n in range(74)]))

    assert (found.wording, found.change) == ("increasing", "worsened")


def test_other_stations_on_the_way_are_no_trend(register):
    whole = figures([60 - 0.4 * n + uneven(n) for n in range(74)])
    moved = [*whole[:40], *(f.model_copy(update={"stations": ("A",)}) for f in whole[40:])]
    found = said(register, moved)

    assert (found.wording, found.change, found.reason) == (
        "not_assessable",
        None,
        "stations_changed",
    )


def test_months_that_nobody_measured_lately_count_against_a_trend(register):
    found = said(register, figures([60 - 0.4 * n + uneven(n) for n in range(50)]))

    assert found.wording == "not_assessable"
    assert (found.n, found.expected) == (50, 74)


def test_what_nobody_ever_measured_has_no_values(register):
    assert said(register, []).reason == "no_values"
