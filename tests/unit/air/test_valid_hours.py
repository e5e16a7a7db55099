"""Days made of their valid hours: the same as what the index of hours says of them."""

import json
from datetime import date, timedelta

import polars as pl
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from kembar_air import standards
from kembar_air.indicators.air import Air
from kembar_air.verdicts import Verdicts
from tests.unit.air.tables import day, days, hour, hours, year

DAY = date(2024, 5, 3)
AIR = Air()
SAME = ("value", "category", "state", "critical", "parameters", "missing")
NO_HOUR = {"covered": 0.0}


def told(of_days, of_hours):
    """Return the day's and its 24th hour's index, and the day's mean of PM2.5."""
    made = AIR.indices(days(of_days), hours(of_hours)).filter(period=DAY)
    of_day = made.filter(index="ispu").row(0, named=True)
    # An hour of which nothing was sent has no row: the last of the day has one of another series.
    of_hour = AIR.hours_index(hours(of_hours)).row(-1, named=True)
    mean = made.filter(index="mean_24h:pm25").row(0, named=True)
    return of_day, of_hour, mean | {"detail": json.loads(mean["detail"])}


def agree(of_day, of_hour):
    assert [(name, of_day[name]) for name in SAME] == [(name, of_hour[name]) for name in SAME]
    ours, theirs = (json.loads(each["detail"]) for each in (of_day, of_hour))
    assert ours["sub_indices"] == theirs["sub_indices"]
    assert ours["beyond_scale"] == theirs["beyond_scale"]


def test_hours_measured_too_little_have_no_part_in_the_day():
    read = [
        hour("pm25", DAY, n, 10.0 if n < 18 else 221.27, covered=1.0 if n < 18 else 0.5)
        for n in range(24)
    ]
    whole = (18 * 4 * 10.0 + 6 * 2 * 221.27) / 84
    quarters = day("pm25", DAY, whole, n=84, expected=96.0)

    of_day, of_hour, mean = told([quarters], read)
    agree(of_day, of_hour)
    assert (of_day["value"], of_day["category"], of_day["state"]) == (32.0, "baik", "ok")
    assert (mean["value"], mean["state"], mean["detail"]["hours"]) == (10.0, "ok", 18)


def test_hours_of_two_lengths_of_time_are_hours_all_the_same():
    halves = day("pm25", DAY, 20.0, n=24, expected=48.0, left_out=12)

    of_day, of_hour, mean = told(
        [halves], [hour("pm25", DAY, n, 20.0 if n < 12 else 92.0) for n in range(24)]
    )
    agree(of_day, of_hour)
    assert (of_day["value"], of_day["state"], mean["value"]) == (102.0, "ok", 56.0)


@pytest.mark.parametrize(("valid", "state"), [(18, "ok"), (17, "insufficient")])
def test_18_hours_of_three_quarters_suffice(valid, state):
    read = [hour("pm25", DAY, n, 40.0, covered=0.75 if n >= 24 - valid else 0.5) for n in range(24)]
    quarters = day("pm25", DAY, 40.0, n=66, expected=96.0)

    of_day, of_hour, mean = told([quarters], read)
    agree(of_day, of_hour)
    assert (of_day["state"], mean["state"], mean["detail"]["hours"]) == (state, state, valid)
    assert (mean["value"], mean["detail"]["mean"]) == (40.0 if state == "ok" else None, 40.0)


def test_a_day_given_as_one_value_keeps_it():
    alone = day("pm25", DAY, 30.0, n=1, expected=1.0, left_out=5)

    of_day, _, mean = told([alone], [hour("pm25", DAY, n, 10.0) for n in range(5)])
    assert (of_day["state"], mean["value"], mean["detail"]["hours"]) == ("ok", 30.0, 24)


def test_what_lies_above_the_range_is_told_by_the_hours():
    read = [hour("pm25", DAY, n, 10.0) for n in range(23)]
    read.append(hour("pm25", DAY, 23, None, n_above=1))
    of_day, of_hour, mean = told([day("pm25", DAY, 10.0, n=23)], read)

    agree(of_day, of_hour)
    assert (of_day["state"], mean["state"]) == ("above_limit", "above_limit")
    april = [DAY.replace(day=n) for n in range(1, 32)]
    others = [day("pm25", each, 10.0) for each in april if each != DAY]
    frame = days([day("pm25", DAY, 10.0, n=23), *others])
    figures = AIR.figures(frame, AIR.indices(frame, hours(read)))
    assert {figure.value for figure in figures if figure.period == "2024-05"} == {None}


def test_verdicts_are_made_of_the_valid_hours():
    # Of all values each day's mean is 60, of the valid hours 50: PP 22/2021 has 55.
    of_days = [day("pm25", each, 60.0, n=22) for each in year(2024)]
    read = [
        hour("pm25", each, n, 50.0 if n < 20 else 160.0, covered=1.0 if n < 20 else 0.5)
        for each in year(2024)
        for n in range(24)
    ]
    found = Verdicts(standards.build()).judge(
        days(of_days), AIR.indices(days(of_days), hours(read))
    )
    row = found.filter(standard="pp-22-2021-vii", averaging="PT24H").row(0, named=True)
    assert (row["value"], row["verdict"], row["n"]) == (50.0, "met", 366)


def test_the_doubt_of_a_mean_is_that_of_its_valid_hours():
    # Nine hours somewhere between 0 and 16 and nine of 100: between 50 and 58.
    low = [hour("pm25", DAY, n, 8.0, n_below=1, below_limit=16.0, doubt=8.0) for n in range(9)]
    high = [hour("pm25", DAY, n, 100.0) for n in range(9, 18)]
    poor = [hour("pm25", DAY, n, 1.0, covered=0.5, doubt=1.0) for n in range(18, 24)]
    _, _, mean = told([day("pm25", DAY, 50.0)], [*low, *high, *poor])

    kept = mean["detail"]
    assert (mean["value"], kept["doubt"], kept["below_limit"]) == (54.0, 4.0, 16.0)
    assert (kept["n"], kept["n_below"]) == (9, 9)


HOURS = st.fixed_dictionaries(
    {
        "value": st.floats(0.0, 700.0),
        "covered": st.sampled_from((0.5, 0.75, 1.0)),
        "n_below": st.sampled_from((0, 0, 1)),
        "n_above": st.sampled_from((*[0] * 40, 1)),
    }
)
SERIES = st.lists(st.one_of(*[HOURS] * 9, st.just(NO_HOUR)), min_size=24, max_size=24)


@settings(max_examples=25, deadline=None)
@given(st.dates(date(2020, 7, 2), date(2030, 1, 1)), SERIES, SERIES, st.sampled_from((24, 48, 96)))
@example(DAY, [{"value": 15.5, "covered": 0.75}] * 24, [NO_HOUR] * 24, 96)
def test_the_index_of_a_day_is_that_of_its_24th_hour(period, pm25, so2, expected):
    before = period - timedelta(days=1)
    of_hours = [
        hour(code, each, n, **read)
        for code, series in (("pm25", pm25), ("so2", so2))
        for each in (before, period)
        for n, read in enumerate(series)
        if read is not NO_HOUR
    ]
    # What the sum of the day says is of no matter.
    codes = sorted({row["parameter"] for row in of_hours} | {"o3"})
    of_hours.append(hour("o3", period, 23, 1.0))
    of_days = [day(code, period, 77.0, n=expected, expected=float(expected)) for code in codes]

    made = AIR.indices(days(of_days), hours(of_hours)).filter(index="ispu")
    of_hour = AIR.hours_index(hours(of_hours)).filter(pl.col("time") == pl.col("time").max())
    agree(made.row(0, named=True), of_hour.row(0, named=True))
