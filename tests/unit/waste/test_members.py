"""Which stations and series a figure expects, and of which days it divides masses."""

from datetime import date, timedelta

import pytest

from kembar_shared.measurement.indicators import INDEX_SCHEMA
from kembar_shared.measurement.vocabulary import State
from kembar_waste import standards
from kembar_waste.indicators.assumptions import Assumptions
from kembar_waste.indicators.figures import WasteFigures
from kembar_waste.verdicts import WasteVerdicts
from tests.unit.waste.days import APRIL, frame, month, row

BUILT = standards.build()
WASTE = WasteFigures(BUILT, Assumptions())
YEAR = [date(2023, 1, 1) + timedelta(days=n) for n in range(365)]
BEFORE = [date(2022, 1, 1) + timedelta(days=n) for n in range(365)]


def figures(*rows):
    return {(each.indicator, each.period): each for each in WASTE.figures(frame(*rows))}


def generated(*rows, period="2023"):
    return figures(*rows)["waste.generated", period]


def two_stations(days_of_b):
    return [
        *month("generated", 100e3, YEAR),
        *month("recycled", 24e3, YEAR),
        *month("recycled", 24e3, YEAR, station="B"),
        *month("generated", 100e3, days_of_b, station="B"),
    ]


@pytest.mark.parametrize("days_of_b", [YEAR[:300], YEAR[-300:]], ids=["first", "last"])
@pytest.mark.parametrize("indicator", ["recovery_share", "reduction_rate", "sdg_12_5_1"])
def test_a_share_divides_masses_of_the_same_stations(days_of_b, indicator):
    figure = figures(*two_stations(days_of_b))[f"waste.{indicator}", "2023"]

    assert (figure.value, figure.state) == (pytest.approx(0.24), State.PROVISIONAL)
    assert figure.coverage == pytest.approx(300 / 365)
    assert figure.method.split("@")[1] == "3"


@pytest.mark.parametrize(("count", "verdict"), [(300, "not_met"), (270, None)])
def test_no_target_is_met_by_a_day_without_its_generation(count, verdict):
    found = WasteVerdicts(BUILT, WASTE).verdicts(
        frame(*two_stations(YEAR[:count])), INDEX_SCHEMA.to_frame()
    )

    (judged,) = found.filter(parameter="reduction_rate").iter_rows(named=True)
    assert (judged["least"], judged["verdict"]) == (0.27, verdict)


@pytest.mark.parametrize("absent", ["generated", "sorted"])
def test_a_day_of_one_of_two_stations_is_not_known(absent):
    rows = [
        each
        for code, kg in (("generated", 1000.0), ("sorted", 100.0))
        for station in ("TPS-01", "B")
        for each in month(
            code, kg, APRIL[:25] if (code, station) == (absent, "B") else APRIL, station=station
        )
    ]

    figure = figures(*rows)["waste.sorted_share", "2023-04"]
    assert (figure.value, figure.numerator) == (pytest.approx(0.1), pytest.approx(5.0))
    assert figure.coverage == pytest.approx(25 / 30)


def test_half_a_day_of_generation_is_no_day():
    halves = month("generated", 500.0, APRIL[:5], covered=0.5)
    rows = [*halves, *month("generated", 1000.0, APRIL[5:]), *month("sorted", 100.0)]

    figure = figures(*rows)["waste.sorted_share", "2023-04"]
    assert (figure.value, figure.coverage) == (pytest.approx(0.1), pytest.approx(25 / 30))


def test_a_station_is_not_owed_before_it_opens_nor_after_it_closed():
    rows = [*month("generated", 1000.0, YEAR), *month("sorted", 100.0, YEAR)]
    later = [
        each
        for code, kg in (("generated", 1000.0), ("sorted", 300.0))
        for each in month(code, kg, YEAR[90:], station="B")
    ]
    closed = row("generated", 1.0, date(2021, 6, 1), station="C")

    found = figures(*rows, *later, closed)
    assert found["waste.sorted_share", "2023-03"].value == pytest.approx(0.1)
    assert found["waste.sorted_share", "2023-04"].value == pytest.approx(0.2)
    assert found["waste.sorted_share", "2023-03"].state is State.OK
    year = found["waste.sorted_share", "2023"]
    assert year.value == pytest.approx((365 * 0.1 + 275 * 0.3) / (365 + 275))


def test_parts_that_become_a_total_leave_no_gap():
    parts = [
        each for name in ("organic", "plastic", "paper")
        for each in month(kg=10e3, days=BEFORE, material=name)
    ]  # fmt: skip

    found = figures(*parts, *month(kg=30e3, days=YEAR))
    for of in ("2022", "2023", "2023-01", "2023-06"):
        figure = found["waste.generated", of]
        assert (figure.state, figure.coverage) == (State.OK, 1.0)
    assert found["waste.generated", "2022"].value == found["waste.generated", "2023"].value == 10950


def test_a_material_named_once_is_not_expected_every_day():
    rows = month(kg=10e3, days=YEAR, material="organic")

    figure = generated(*rows, row(kg=5.0, period=YEAR[63], material="hazardous"))
    assert (figure.value, figure.state) == (pytest.approx(3650.005), State.OK)


@pytest.mark.parametrize(("stations", "state"), [(1, State.PROVISIONAL), (2, State.INSUFFICIENT)])
def test_a_silent_station_is_still_missed(stations, state):
    names = [f"TPS-{n}" for n in range(4)]
    known = [each for name in names for each in month(station=name, days=BEFORE)]
    rows = [each for name in names[stations:] for each in month(station=name)]

    assert generated(*known, *rows, period="2023-04").state is state


def test_a_stray_total_hides_no_other_day_and_is_counted_once():
    parts = [
        each for name in ("organic", "plastic")
        for each in month(kg=10e3, days=YEAR, material=name)
    ]  # fmt: skip

    figure = generated(*parts, row(kg=21e3, period=YEAR[181]))
    assert (figure.value, figure.state) == (pytest.approx(364 * 20 + 21), State.OK)


def test_a_total_without_a_value_hides_no_parts():
    figure = generated(*month(kg=None), *month(kg=600.0, material="organic"), period="2023-04")

    assert (figure.value, figure.state) == (pytest.approx(18.0), State.OK)


def test_what_was_avoided_needs_no_material_every_day():
    organic = month("composted", 1000.0, material="organic")
    paper = row("composted", 5.0, APRIL[3], material="paper")

    figure = figures(*organic, paper)["waste.avoided_tco2e", "2023-04"]
    assert (figure.state, figure.coverage, figure.n) == (State.OK, 1.0, 30)
    assert figure.detail["assessed_t"] == pytest.approx(30.005)
    total = row("composted", 1500.0, APRIL[3])
    beside = figures(*organic, total)["waste.avoided_tco2e", "2023-04"]
    assert beside.detail["assessed_t"] == pytest.approx(30.0)
    assert beside.detail["unassessed_t"] == pytest.approx(0.5)


def test_trips_by_material_and_in_all_are_those_of_one_station():
    own = """
        [[factor]]
        standard = "trip-load"
        subject = "bandung"
        quantity = "load"
        value = 2.0
        unit = "t/trip"
        valid_from = 2020-01-01
        source = "weighbridge"
    """
    rows = [
        *month("trips", 3.0, APRIL[:15], material="organic"),
        *month("trips", 1.0, APRIL[:15], material="paper"),
        *month("trips", 4.0, APRIL[15:]),
    ]

    made = WasteFigures(BUILT.overridden(own), Assumptions()).figures(frame(*rows))
    (figure,) = (each for each in made if each.period == "2023-04")
    assert (figure.value, figure.state) == (pytest.approx(240.0), State.OK)
    assert figure.detail["trips"] == 120.0
