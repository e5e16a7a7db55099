"""The index of each hour."""

import json
from datetime import UTC, date, datetime, timedelta

from kembar_air.indicators.air import Air
from kembar_air.indicators.hourly import HOURLY_SCHEMA
from tests.unit.air.tables import hour, hours

FIRST = date(2023, 4, 3)
AIR = Air()


def series(code, values, **changes):
    return [
        hour(code, FIRST + timedelta(days=n // 24), n % 24, value, **changes)
        for n, value in enumerate(values)
        if value is not None
    ]


def index(rows):
    return AIR.hours_index(hours(rows))


def test_an_hour_has_the_index_of_the_24_that_end_with_it():
    found = index(series("pm25", [0.0] * 24 + [24 * 15.5] + [0.0] * 24))

    assert found.schema == HOURLY_SCHEMA
    # The first hour begins at midnight, 17:00 UTC; the stamp is its end.
    assert found["time"][0] == datetime(2023, 4, 2, 18, tzinfo=UTC)
    assert found["value"][23:26].to_list() == [0.0, 50.0, 50.0]
    assert found["value"][47:].to_list() == [50.0, 0.0]
    assert set(found["method"]) == {"p14-2020/ispu-banded@2"}


def test_18_hours_suffice_and_17_do_not():
    found = index(series("pm25", [31.0] * 24))

    assert found["state"].to_list() == ["insufficient"] * 17 + ["ok"] * 7
    assert found["value"][16:18].to_list() == [None, 70.0]


def test_the_worst_pollutant_decides_and_the_others_are_listed():
    found = index(series("pm25", [42.14] * 24) + series("pm10", [60.0] * 12))

    last = found.row(23, named=True)
    assert (last["value"], last["critical"], last["category"]) == (84.0, "pm25", "sedang")
    assert last["missing"] == ["pm10", "so2", "co", "o3", "no2", "hc"]
    assert json.loads(last["detail"])["sub_indices"]["pm25"] == 84.0


def test_hours_of_which_nothing_was_reported_have_no_row():
    values = [10.0] * 20 + [None] * 2 + [10.0] * 2

    assert index(series("pm25", values)).height == 22


def test_what_lies_above_the_range_stays_for_a_day():
    rows = series("pm25", [10.0] * 24 + [None] + [10.0] * 24)
    rows.append(hour("pm25", FIRST + timedelta(days=1), 0, None, n_above=1))
    states = dict(index(rows).select("time", "state").rows())

    start = datetime(2023, 4, 3, 18, tzinfo=UTC)
    assert states[start - timedelta(hours=1)] == "ok"
    assert {states[start + timedelta(hours=n)] for n in range(24)} == {"above_limit"}
    assert states[start + timedelta(hours=24)] == "ok"


def test_a_window_mostly_below_detection_has_no_index():
    rows = series("so2", [1.0] * 24)
    censored = [row | {"n_below": 1} for row in rows[:13]] + rows[13:]

    assert index(censored)["state"][23] == "insufficient"
    assert index(rows)["state"][23] == "ok"


def test_hours_before_the_regulation_are_marked():
    old = [row | {"day": date(2019, 4, 3), "start": row["start"] - timedelta(days=1461)}
           for row in series("pm25", [10.0] * 24)]  # fmt: skip

    detail = json.loads(index(old)["detail"][23])
    assert (detail["standard"], detail["retrospective"]) == ("p14-2020", True)


def test_nothing_has_no_index():
    assert (index([]).height, index([]).schema) == (0, HOURLY_SCHEMA)
    assert index(series("spm", [10.0] * 24)).height == 0
