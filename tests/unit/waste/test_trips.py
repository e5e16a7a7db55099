from datetime import date, timedelta

import pytest

from kembar_shared.measurement.standards import StandardsUnfit
from kembar_shared.measurement.vocabulary import State
from kembar_waste import standards
from kembar_waste.indicators import trips as converted
from kembar_waste.indicators.assumptions import Assumptions
from kembar_waste.indicators.figures import WasteFigures
from tests.unit.waste.days import frame, month

BUILT = standards.build()
JANUARY = [date(2026, 1, 1) + timedelta(days=n) for n in range(31)]


def trips(*rows, own="", period="2026-01"):
    used = BUILT.overridden(own)
    found = converted.figures(frame(*rows), converted.loads_of(used), used)
    (figure,) = (each for each in found if each.period == period)
    assert figure.indicator == "waste.collected_from_trips"
    return figure


def load(subject, value, since="2026-01-01"):
    return f"""
        [[factor]]
        standard = "trip-load"
        subject = "{subject}"
        quantity = "load"
        value = {value}
        unit = "t/trip"
        valid_from = {since}
        source = "weighbridge"
    """


def test_trips_to_sarimukti_become_tonnes_by_the_recorded_load():
    figure = trips(*month("trips", 170.0, JANUARY))

    assert (figure.value, figure.unit) == (pytest.approx(31 * 170 * 5.757), "t")
    assert (figure.state, figure.method) == (State.OK, "kembar/collected-from-trips@3")
    assert figure.detail == {
        "grain": "day",
        "reason": None,
        "converted": True,
        "trips": 31 * 170.0,
        "factors_t_per_trip": [5.757],
        "verified": True,
        "weighed_t": None,
    }


@pytest.mark.parametrize(
    ("rows", "period"),
    [
        (month("trips", 170.0, [day - timedelta(days=31) for day in JANUARY]), "2025-12"),
        (month("trips", 170.0, JANUARY, jurisdiction="kawasaki"), "2026-01"),
    ],
)
def test_a_load_of_another_time_or_place_is_not_used(rows, period):
    figure = trips(*rows, period=period)

    assert (figure.state, figure.value) == (State.CANNOT_ASSESS, None)
    assert figure.detail["reason"] == "no_factor_in_force"


def test_a_station_s_own_load_goes_before_its_jurisdiction_s():
    rows = [*month("trips", 10.0, JANUARY), *month("trips", 10.0, JANUARY, station="TPS-02")]

    figure = trips(*rows, own=load("TPS-02", 2.0))
    assert figure.value == pytest.approx(31 * 10 * (5.757 + 2.0))
    assert figure.detail["factors_t_per_trip"] == [2.0, 5.757]
    assert figure.detail["verified"] is False
    assert figure.method.startswith("kembar/collected-from-trips@3+")


def test_a_load_changes_on_its_day():
    figure = trips(*month("trips", 10.0, JANUARY), own=load("bandung", 6.0, "2026-01-11"))

    assert figure.value == pytest.approx(10 * 10 * 5.757 + 21 * 10 * 6.0)


def test_what_was_weighed_stands_beside_what_was_converted():
    weighed = [*month("received", 9e5, JANUARY), *month("collected", 9e5, JANUARY)]

    figure = trips(*month("trips", 170.0, JANUARY), *weighed)
    assert figure.detail["weighed_t"] == pytest.approx(31 * 900)
    assert figure.value == pytest.approx(31 * 170 * 5.757)


@pytest.mark.parametrize(
    ("days", "state"), [(30, State.PROVISIONAL), (24, State.PROVISIONAL), (23, State.INSUFFICIENT)]
)
def test_trips_of_some_days_are_a_lower_bound_or_nothing(days, state):
    assert trips(*month("trips", 170.0, JANUARY[:days])).state is state


@pytest.mark.parametrize("value", [-1.0, 40.001, 5757.0])
def test_a_load_that_no_truck_carries_is_refused(value):
    with pytest.raises(StandardsUnfit, match="bandung"):
        trips(own=load("bandung", value))


def test_a_load_in_other_units_is_refused_before_anything_is_counted():
    for subject in ("bandung", "TPS-02"):
        own = load(subject, 5.757).replace("t/trip", "kg/trip")
        with pytest.raises(StandardsUnfit, match="t/trip"):
            WasteFigures(BUILT.overridden(own), Assumptions())
