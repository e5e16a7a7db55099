from datetime import date, timedelta

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kembar_shared.measurement.indicators import DAYS_SCHEMA
from kembar_shared.measurement.vocabulary import Origin, State
from kembar_waste import standards
from kembar_waste.indicators.assumptions import Assumptions
from kembar_waste.indicators.figures import WasteFigures
from tests.unit.waste.days import APRIL, WEIGHED, month, row

WASTE = WasteFigures(standards.build(), Assumptions())


def figures(*rows):
    found = WASTE.figures(pl.DataFrame(rows, schema=DAYS_SCHEMA))
    return {(figure.indicator, figure.period): figure for figure in found}


def generated(*rows):
    return figures(*rows)["waste.generated", "2023-04"]


def test_a_complete_month_is_added_up_in_tonnes():
    figure = generated(*month())

    assert (figure.value, figure.unit, figure.state) == (30.0, "t", State.OK)
    assert (figure.numerator, figure.denominator) == (30.0, None)
    assert (figure.n, figure.expected, figure.coverage) == (30, 30.0, 1.0)
    assert (figure.origin, figure.stations) == (Origin.REAL, ("TPS-01",))
    assert figure.method == "kembar/waste-generated@3"


@pytest.mark.parametrize(
    ("count", "state", "value"),
    [(22, State.INSUFFICIENT, None), (23, State.PROVISIONAL, 23.0), (29, State.PROVISIONAL, 29.0)],
)
def test_a_month_with_gaps_is_a_lower_bound_or_nothing(count, state, value):
    figure = generated(*month(days=APRIL[:count]))

    assert (figure.state, figure.value, figure.numerator) == (state, value, value)
    assert figure.coverage == pytest.approx(count / 30)


def test_a_day_of_refused_values_is_a_gap():
    figure = generated(*month(days=APRIL[:29]), row(kg=None, period=APRIL[29]))

    assert (figure.state, figure.n) == (State.PROVISIONAL, 29)


def test_stations_of_a_jurisdiction_are_added_and_those_of_another_are_not():
    rows = [*month(), *month(station="TPS-02", origin="synthetic")]
    elsewhere = month(station="KWS-01", jurisdiction="kawasaki")

    figure = generated(*rows)
    assert (figure.value, figure.stations) == (60.0, ("TPS-01", "TPS-02"))
    assert figure.origin is Origin.SYNTHETIC
    assert len(WASTE.figures(pl.DataFrame([*rows, *elsewhere], schema=DAYS_SCHEMA))) == 4


def test_a_total_beats_its_parts():
    parts = month(material="organic", kg=600.0) + month(source="household", kg=900.0)

    assert generated(*month(), *parts).value == 30.0


def test_parts_are_added_where_there_is_no_total():
    figure = generated(*month(material="organic", kg=600.0), *month(material="paper", kg=400.0))

    assert (figure.value, figure.n, figure.expected) == (pytest.approx(30.0), 30, 30.0)


def test_materials_and_sources_are_two_views_of_the_same_waste():
    materials = month(material="organic", kg=600.0) + month(material="paper", kg=400.0)
    sources = month(source="household", kg=700.0) + month(source="market", kg=300.0)

    assert generated(*materials, *sources).value == pytest.approx(30.0)
    assert generated(*sources).value == pytest.approx(30.0)


def test_a_materials_total_beats_its_sources_and_other_materials_add_theirs():
    rows = [
        *month(material="organic", kg=600.0),
        *month(material="organic", source="market", kg=200.0),
        *month(material="paper", source="office", kg=300.0),
        *month(material="paper", source="school", kg=100.0),
    ]

    assert generated(*rows).value == pytest.approx(30.0)


def test_a_total_of_one_station_says_nothing_of_anothers_parts():
    rows = [*month(), *month(station="TPS-02", material="organic", kg=500.0)]

    assert generated(*rows).value == pytest.approx(45.0)


def test_days_and_a_reported_month_are_not_added():
    reported = row(kg=99_000.0, grain="month")

    both = generated(*month(), reported)
    assert (both.value, both.detail) == (30.0, {"grain": "day"} | WEIGHED)
    gaps = generated(*month(days=APRIL[:22]), reported)
    assert (gaps.value, gaps.state, gaps.detail["grain"]) == (99.0, State.OK, "month")


def test_a_reported_year_is_a_year_and_in_no_month():
    found = figures(row(kg=893_749_950.0, grain="year", period=date(2023, 1, 1)))

    assert set(found) == {("waste.generated", "2023")}
    assert found["waste.generated", "2023"].value == pytest.approx(893_749.95)


def test_a_year_of_months():
    months = [row(kg=1000.0, grain="month", period=date(2023, m, 1)) for m in range(1, 11)]

    figure = figures(*months)["waste.generated", "2023"]
    assert (figure.value, figure.state, figure.n, figure.expected) == (
        10.0,
        State.PROVISIONAL,
        10,
        12.0,
    )


def test_the_sorted_share():
    figure = figures(*month(), *month("sorted", 250.0))["waste.sorted_share", "2023-04"]

    assert (figure.value, figure.unit, figure.state) == (0.25, "1", State.OK)
    assert (figure.numerator, figure.denominator) == (7.5, 30.0)
    assert figure.detail["parameters"] == ["generated", "sorted"]
    assert figure.detail["reason"] is None


def test_recovery_is_recycled_and_composted_and_reused():
    parts = [*month("recycled", 100.0), *month("composted", 150.0), *month("reused", 50.0)]

    figure = figures(*month(), *parts)["waste.recovery_share", "2023-04"]
    assert (figure.value, figure.state) == (pytest.approx(0.3), State.OK)


def test_an_unreported_part_is_no_zero():
    may = [date(2023, 5, 1) + timedelta(days=n) for n in range(31)]
    rows = [
        *month(),
        *month("recycled", 100.0),
        *month("composted", 150.0),
        *month(days=may),
        *month("recycled", 100.0, days=may),
    ]

    found = figures(*rows)
    assert found["waste.recovery_share", "2023-04"].value == pytest.approx(0.25)
    assert found["waste.recovery_share", "2023-05"].state is State.INSUFFICIENT
    assert found["waste.recovery_share", "2023-05"].value is None


def test_a_share_of_unknown_generation_is_insufficient():
    figure = figures(*month("sorted", 250.0))["waste.sorted_share", "2023-04"]

    assert (figure.state, figure.value, figure.numerator) == (State.INSUFFICIENT, None, None)
    assert figure.coverage == 0.0


@pytest.mark.parametrize(
    ("generated_days", "sorted_days", "state"),
    [
        (30, 29, State.PROVISIONAL),
        (29, 30, State.PROVISIONAL),
        (22, 30, State.INSUFFICIENT),
        (30, 22, State.INSUFFICIENT),
    ],
)
def test_a_share_is_as_complete_as_the_poorer_side(generated_days, sorted_days, state):
    rows = [*month(days=APRIL[:generated_days]), *month("sorted", 250.0, APRIL[:sorted_days])]

    figure = figures(*rows)["waste.sorted_share", "2023-04"]
    assert figure.state is state
    assert figure.coverage == pytest.approx(min(generated_days, sorted_days) / 30)


def each_month(parameter, share_of_its_number, months):
    return [
        row(parameter, 1000.0 * m * share_of_its_number, date(2023, m, 1), grain="month")
        for m in months
    ]


def test_a_share_divides_the_same_months_only():
    rows = [*each_month("generated", 1.0, range(1, 13)), *each_month("sorted", 0.1, range(1, 10))]

    figure = figures(*rows)["waste.sorted_share", "2023"]
    assert (figure.value, figure.state) == (pytest.approx(0.1), State.PROVISIONAL)
    assert (figure.numerator, figure.denominator) == (pytest.approx(4.5), pytest.approx(45.0))
    assert (figure.n, figure.expected, figure.coverage) == (18, 24.0, 0.75)


def test_a_share_divides_the_same_days_only():
    rows = [
        *(row(kg=1000.0 * day.day, period=day) for day in APRIL[:27]),
        *(row("sorted", 100.0 * day.day, day) for day in APRIL[3:]),
    ]

    figure = figures(*rows)["waste.sorted_share", "2023-04"]
    assert (figure.value, figure.state) == (pytest.approx(0.1), State.PROVISIONAL)
    assert figure.coverage == pytest.approx(24 / 30)


def test_sides_that_share_too_few_days_have_no_share():
    rows = [*month(days=APRIL[:25]), *month("sorted", 250.0, APRIL[5:])]

    figure = figures(*rows)["waste.sorted_share", "2023-04"]
    assert (figure.state, figure.value) == (State.INSUFFICIENT, None)
    assert figure.coverage == pytest.approx(20 / 30)


def test_days_are_not_divided_by_months():
    rows = [*month("sorted", 250.0), row(kg=30_000.0, grain="month")]

    figure = figures(*rows)["waste.sorted_share", "2023-04"]
    assert (figure.state, figure.value, figure.coverage) == (State.INSUFFICIENT, None, 0.0)


def test_a_share_of_days_with_gaps_gives_way_to_one_of_reported_months():
    rows = [
        *month(days=APRIL[:22]),
        *month("sorted", 250.0),
        row(kg=50_000.0, grain="month"),
        row("sorted", 10_000.0, grain="month"),
    ]

    figure = figures(*rows)["waste.sorted_share", "2023-04"]
    assert (figure.value, figure.state) == (pytest.approx(0.2), State.OK)
    assert figure.detail["grains"] == ["month", "month"]


def test_a_part_that_was_reported_once_long_ago_is_not_owed_for_ever():
    rows = [*month(), *month("recycled", 100.0)]
    old = row("composted", 1.0, date(2021, 4, 1))
    recent = row("composted", 1.0, date(2022, 6, 1))

    closed = figures(*rows, old)["waste.recovery_share", "2023-04"]
    assert (closed.value, closed.state) == (pytest.approx(0.1), State.OK)
    owed = figures(*rows, recent)["waste.recovery_share", "2023-04"]
    assert (owed.value, owed.state) == (None, State.INSUFFICIENT)


@settings(deadline=None, max_examples=15)
@given(
    st.dictionaries(st.integers(1, 12), st.integers(1, 10**6), max_size=12),
    st.dictionaries(st.integers(1, 12), st.integers(0, 10**6), min_size=1, max_size=12),
)
def test_a_years_share_is_that_of_the_months_both_sides_know(generated_kg, sorted_kg):
    rows = [row(kg=kg, period=date(2023, m, 1), grain="month") for m, kg in generated_kg.items()]
    rows += [row("sorted", kg, date(2023, m, 1), "month") for m, kg in sorted_kg.items()]

    figure = figures(*rows)["waste.sorted_share", "2023"]
    both = generated_kg.keys() & sorted_kg.keys()
    assert figure.coverage == pytest.approx(len(both) / 12)
    part, whole = sum(sorted_kg[m] for m in both), sum(generated_kg[m] for m in both)
    if len(both) < 9:
        assert (figure.state, figure.value) == (State.INSUFFICIENT, None)
    elif part > whole:
        assert (figure.state, figure.value) == (State.CANNOT_ASSESS, None)
    else:
        assert figure.value == pytest.approx(part / whole)
        assert figure.state is (State.OK if len(both) == 12 else State.PROVISIONAL)


@pytest.mark.parametrize(
    ("generated_kg", "sorted_kg", "reason"),
    [
        (0.0, 0.0, "nothing_generated"),
        (0.0, 1.0, "part_exceeds_generated"),
        (1000.0, 1001.0, "part_exceeds_generated"),
    ],
)
def test_a_share_of_nothing_or_of_more_than_all_cannot_be_assessed(generated_kg, sorted_kg, reason):
    rows = [*month(kg=generated_kg), *month("sorted", sorted_kg)]

    figure = figures(*rows)["waste.sorted_share", "2023-04"]
    assert (figure.state, figure.value, figure.numerator) == (State.CANNOT_ASSESS, None, None)
    assert figure.detail["reason"] == reason


def test_a_share_is_as_real_as_its_less_real_side():
    rows = [*month(), *month("sorted", 250.0, station="TPS-02", origin="stand-in")]

    figure = figures(*rows)["waste.sorted_share", "2023-04"]
    assert (figure.origin, figure.stations) == (Origin.STAND_IN, ("TPS-01", "TPS-02"))


def test_there_is_no_share_without_anything_sorted():
    assert {indicator for indicator, _ in figures(*month())} == {"waste.generated"}


def test_nothing_measured_is_nothing_said():
    assert figures() == {}
    assert figures(*month(jurisdiction=None)) == {}
