"""Days before July 2020: from 15:00 to 15:00, by KEP-107/1997."""

import json
from datetime import date, timedelta

import pytest

from kembar_air.indicators.air import Air
from tests.unit.air.tables import day, days, hour, hours

TODAY = date(2019, 4, 4)
BEFORE = TODAY - timedelta(days=1)
AIR = Air()


def window(code, values):
    """Return the hours of the 24 from 15:00 of the day before."""
    places = [(BEFORE, place) for place in range(15, 24)] + [(TODAY, n) for n in range(15)]
    return [
        hour(code, period, place, value)
        for (period, place), value in zip(places, values, strict=False)
        if value is not None
    ]


def only(day_rows, hour_rows=()):
    frame = AIR.indices(days(day_rows), hours(list(hour_rows))).filter(index="ispu")
    assert frame.height == 1
    row = frame.row(0, named=True)
    return row | {"detail": json.loads(row["detail"])}


def test_the_regulation_s_example():
    row = only([day("so2", TODAY, 0.0)], window("so2", [322.0] * 24))

    assert (row["value"], row["category"], row["critical"]) == (92.0, "sedang", "so2")
    assert row["method"] == "kep-107-1997/ispu-anchored@2"
    assert (row["detail"]["day"], row["detail"]["standard"]) == ("15:00", "kep-107-1997")
    assert (row["parameters"], row["missing"]) == (["so2"], ["pm10", "co", "o3", "no2"])


def test_hours_from_15_on_belong_to_the_next_day():
    rows = window("pm10", [40.0] * 24)
    rows += [hour("pm10", BEFORE, 14, 900.0), hour("pm10", TODAY, 15, 900.0)]

    assert only([day("pm10", TODAY, 0.0)], rows)["value"] == 40.0


@pytest.mark.parametrize(("count", "state"), [(18, "ok"), (17, "insufficient")])
def test_a_day_needs_18_of_its_24_hours(count, state):
    row = only([day("pm10", TODAY, 80.0)], window("pm10", [40.0] * count))

    assert row["state"] == state
    assert row["value"] == (40.0 if state == "ok" else None)


def test_ozone_is_judged_by_its_highest_hour_and_carbon_monoxide_by_its_highest_8():
    ozone = only([day("o3", TODAY, 0.0)], window("o3", [0.0] * 20 + [120.0] + [0.0] * 3))
    assert (ozone["value"], ozone["critical"]) == (50.0, "o3")

    monoxide = window("co", [0.0] * 8 + [10_000.0] * 8 + [0.0] * 8)
    assert only([day("co", TODAY, 0.0)], monoxide)["value"] == 100.0


def test_particles_below_2_5_have_no_old_index():
    alone = [day("pm25", TODAY, 10.0)]
    made = AIR.indices(days(alone), hours([]))["index"].to_list()
    assert sorted(made) == ["ispu", "mean_24h:pm25"]
    alone = only(alone)
    assert (alone["value"], alone["state"], alone["parameters"]) == (None, "insufficient", [])
    assert alone["missing"] == ["pm10", "so2", "co", "o3", "no2"]
    assert alone["detail"]["standard"] == "kep-107-1997"
    row = only([day("pm25", TODAY, 400.0), day("pm10", TODAY, 40.0)])
    assert (row["value"], row["detail"]["sub_indices"]["pm25"]) == (40.0, None)
    assert "pm25" not in row["missing"]


def test_daily_means_stand_for_the_calendar_day_and_for_24_hour_pollutants_only():
    rows = [day("pm10", TODAY, 40.0, n=1, expected=1.0), day("o3", TODAY, 900.0, n=1, expected=1.0)]

    row = only(rows)
    assert (row["value"], row["detail"]["day"]) == (40.0, "calendar")
    assert row["missing"] == ["so2", "co", "o3", "no2"]


def test_where_there_are_hours_nothing_is_taken_from_the_calendar_day():
    rows = [day("pm10", TODAY, 400.0), day("so2", TODAY, 500.0)]

    row = only(rows, window("pm10", [40.0] * 24))
    assert (row["value"], row["parameters"]) == (40.0, ["pm10"])


def test_little_nitrogen_dioxide_has_no_index_which_is_not_the_same_as_not_measured():
    low = only([day("no2", TODAY, 0.0)], window("no2", [100.0] * 24))
    assert (low["state"], low["value"], low["parameters"]) == ("cannot_assess", None, ["no2"])
    assert low["missing"] == ["pm10", "so2", "co", "o3"]

    both = window("no2", [100.0] * 24) + window("pm10", [40.0] * 24)
    assert only([day("no2", TODAY, 0.0), day("pm10", TODAY, 0.0)], both)["value"] == 40.0
    high = only([day("no2", TODAY, 0.0)], window("no2", [1130.0] * 24))
    assert (high["value"], high["category"]) == (200.0, "sangat_tidak_sehat")


def test_an_hour_above_the_range_leaves_no_index():
    rows = [*window("pm10", [40.0] * 23), hour("pm10", TODAY, 14, None, n_above=1)]
    row = only([day("pm10", TODAY, 40.0)], rows)

    assert (row["state"], row["value"]) == ("above_limit", None)
    # Another day's hour does not count, even if it lies in the same calendar day.
    later = [*window("pm10", [40.0] * 24), hour("pm10", TODAY, 16, None, n_above=1)]
    assert only([day("pm10", TODAY, 40.0, n_above=1)], later)["state"] == "ok"


def test_a_day_mostly_below_detection_has_no_mean():
    values = window("so2", [1.0] * 24)
    censored = [row | {"n_below": 1} for row in values[:13]] + values[13:]
    assert only([day("so2", TODAY, 1.0)], censored)["state"] == "insufficient"
    half = [row | {"n_below": 1} for row in values[:12]] + values[12:]
    assert only([day("so2", TODAY, 1.0)], half)["state"] == "ok"


def test_the_change_of_regulation_is_one_day():
    last, first = date(2020, 6, 30), date(2020, 7, 1)
    frame = AIR.indices(
        days([day("so2", last, 180.0), day("so2", first, 180.0)]), hours([])
    ).filter(index="ispu")

    # 180 is 68 of the old table (80 to 365) and 100 of the new one.
    assert frame.sort("period")["value"].to_list() == [68.0, 100.0]
