from datetime import date, timedelta

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kembar_shared.measurement.completeness import FACTORS, OF_HALF_YEARS
from kembar_shared.measurement.coverage import UNIT_SCHEMA, gather
from kembar_shared.measurement.standards import Standards
from kembar_shared.measurement.vocabulary import Grain

ASKED = Standards(factors=(*FACTORS, *OF_HALF_YEARS))


def unit(period, value=1.0, *, grain="day", slot=None, member="A", origin="real", covered=1.0):
    return {
        "jurisdiction": "bandung",
        "station": member,
        "member": member,
        "origin": origin,
        "grain": grain,
        "slot": slot or grain,
        "period": period,
        "covered": covered,
        "numerator": value,
        "denominator": 1.0,
        "n": 1,
    }


def april(count, **changes):
    return [unit(date(2023, 4, 1) + timedelta(days=n), **changes) for n in range(count)]


def gathered(units, length=Grain.MONTH, standards=ASKED, **options):
    frame = gather(pl.DataFrame(units, schema=UNIT_SCHEMA), length, standards, **options)
    return {row["period"]: row for row in frame.iter_rows(named=True)}


@pytest.mark.parametrize(("count", "state"), [(22, "insufficient"), (23, "ok"), (30, "ok")])
def test_three_quarters_of_a_month_are_enough(count, state):
    month = gathered(april(count))["2023-04"]

    assert (month["state"], month["n"], month["expected"]) == (state, count, 30.0)
    assert month["coverage"] == pytest.approx(count / 30)
    assert month["numerator"] == (None if state == "insufficient" else count)


def test_exactly_three_quarters_are_enough():
    nine = [unit(date(2023, m, 1), grain="month") for m in range(1, 10)]

    assert gathered(nine, Grain.YEAR)["2023"]["state"] == "ok"
    assert gathered(nine[:8], Grain.YEAR)["2023"]["state"] == "insufficient"


def test_a_member_is_expected_from_its_first_period_on():
    units = [*april(30), *april(30, member="B"), unit(date(2023, 3, 15)), unit(date(2023, 5, 2))]

    found = gathered(units)
    assert [found[m]["expected"] for m in ("2023-03", "2023-04", "2023-05")] == [31, 60, 62]


@pytest.mark.parametrize(
    ("last", "expected"), [(date(2022, 3, 31), 30), (date(2022, 4, 1), 60), (date(2023, 4, 9), 60)]
)
def test_a_member_that_fell_silent_is_expected_for_twelve_months_more(last, expected):
    units = [*april(30), unit(last, member="B")]

    assert gathered(units)["2023-04"]["expected"] == expected


def test_one_stray_old_row_does_not_turn_later_years_insufficient():
    whole = [
        unit(date(year, m, 1), grain="month") for year in (2021, 2022, 2023) for m in range(1, 13)
    ]
    stray = [unit(date(2021, 3, 1), grain="month", member="B")]

    found = gathered([*whole, *stray], Grain.YEAR)
    assert [found[y]["expected"] for y in ("2021", "2022", "2023")] == [24, 24, 12]
    assert found["2023"]["state"] == "ok"


def test_a_yearly_value_keeps_its_member_expected_for_the_year_after_its_own():
    units = [unit(date(y, 1, 1), grain="year") for y in (2021, 2022, 2023)]
    other = unit(date(2021, 1, 1), grain="year", member="B")

    found = gathered([*units, other], Grain.YEAR)
    assert [found[y]["expected"] for y in ("2021", "2022", "2023")] == [2, 2, 1]


def test_a_member_that_comes_back_was_expected_all_the_while():
    units = [*april(30), unit(date(2021, 1, 1), member="B"), unit(date(2024, 1, 1), member="B")]

    assert gathered(units)["2023-04"]["expected"] == 60


def test_the_finest_grain_with_enough_coverage_wins():
    month = unit(date(2023, 4, 1), 7.0, grain="month")

    assert gathered([*april(30), month])["2023-04"]["grain"] == "day"
    assert gathered([*april(22), month])["2023-04"]["numerator"] == 7.0
    assert gathered([*april(22), {**month, "covered": 0.0}])["2023-04"]["grain"] == "day"


def test_a_year_does_not_enter_a_month():
    assert gathered([unit(date(2023, 1, 1), grain="year")]) == {}
    assert gathered([unit(date(2023, 1, 1), grain="year")], Grain.YEAR)["2023"]["expected"] == 1.0


@pytest.mark.parametrize(
    ("origins", "least"),
    [
        (("real", "real"), "real"),
        (("real", "stand-in"), "stand-in"),
        (("synthetic", "stand-in"), "synthetic"),
    ],
)
def test_a_figure_is_as_real_as_its_least_real_input(origins, least):
    units = [
        u
        for m, origin in zip("AB", origins, strict=True)
        for u in april(30, member=m, origin=origin)
    ]

    assert gathered(units)["2023-04"]["origin"] == least


@pytest.mark.parametrize("year", [2023, 2024])
def test_both_seasons_of_a_year_count_where_asked_for(year):
    days = [date(year, 1, 1) + timedelta(days=n) for n in range(365 + (year == 2024))]
    rainy = [unit(day, covered=float(not 5 <= day.month <= 8)) for day in days]

    whole = gathered([unit(day) for day in days], Grain.YEAR, seasons=True)[str(year)]
    assert (whole["coverage"], whole["expected"]) == (1.0, float(len(days)))
    without = gathered(rainy, Grain.YEAR)[str(year)]["coverage"]
    assert without == pytest.approx(1 - 123 / len(days))
    assert gathered(rainy, Grain.YEAR, seasons=True)[str(year)]["coverage"] == pytest.approx(
        61 / 184
    )


@settings(deadline=None)
@given(st.permutations(april(20) + april(28, member="B")))
def test_the_order_of_units_does_not_matter(units):
    assert gathered(units) == gathered(april(20) + april(28, member="B"))


def test_nothing_in_is_nothing_out():
    assert gathered([]) == {}


def test_what_only_a_yearly_total_holds_is_missing_from_the_month():
    units = [*april(30), unit(date(2023, 1, 1), 9000.0, grain="year", member="B")]

    month = gathered(units)["2023-04"]
    assert (month["state"], month["numerator"], month["coverage"]) == ("insufficient", None, 0.5)
