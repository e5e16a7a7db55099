"""The deviation of water from air temperature, made from both."""

from datetime import date

import pytest

from kembar_shared.measurement.indicators import INDEX_SCHEMA
from kembar_water import verdicts
from kembar_water.indicators import deviation
from tests.unit.water.rivers import (
    CLEAN,
    NO_HOURS,
    STANDARDS,
    days,
    monthly,
    only,
    river,
    row,
    sample,
)

BOTH = {"temp": 28.0, "air_temp": 25.3}


def deviations(*rows):
    found = deviation.derived(days(*rows)).filter(parameter="temp_dev")
    return found.select("period", "sum", "n", "is_derived").rows()


def index(name, *rows):
    return only(river().indices(days(*rows), NO_HOURS).filter(index=name))


@pytest.mark.parametrize(("water", "air"), [(28.0, 25.0), (25.0, 28.0)])
def test_it_is_how_far_apart_they_are(water, air):
    rows = [row("temp", water * 2, n=2), row("air_temp", air)]

    assert deviations(*rows) == [(date(2023, 4, 4), 3.0, 1, True)]


@pytest.mark.parametrize(
    "rows",
    [
        [row("temp", 28.0)],
        [row("temp", 28.0), row("air_temp", 25.0, period=date(2023, 4, 5))],
        [row("temp", 28.0), row("air_temp", 25.0, station="CPM-02")],
        [row("temp", 28.0), row("air_temp", None, below=25.0)],
        [row("temp", 28.0), row("air_temp", 25.0, n_above=1)],
        sample(BOTH, grain="month"),
    ],
)
def test_it_takes_both_of_one_station_and_day(rows):
    assert deviations(*rows) == []


def test_one_that_was_measured_stays_alone():
    assert deviations(*sample(BOTH), row("temp_dev", 1.0)) == [(date(2023, 4, 4), 1.0, 1, False)]


def test_an_index_is_judged_by_it_and_says_so():
    rows = [*sample(), *sample(BOTH)]

    found = index("pollution_index", *rows)
    assert "temp_dev" in found["parameters"]
    assert found["detail"]["derived"] == ["temp_dev"]
    same = index("pollution_index", *sample(), row("temp_dev", 2.7))
    assert found["value"] == pytest.approx(same["value"])
    assert same["detail"]["derived"] == []


def test_the_score_of_a_year_is_made_from_it_and_says_so():
    others = [r for name in ("bod", "cod", "tss") for r in monthly(name, [CLEAN[name]] * 2)]
    rows = [*monthly("temp", [28.2] * 2), *monthly("air_temp", [25.1] * 2), *others]

    found = index("storet", *rows)
    assert (found["value"], found["critical"]) == (-1 - 1 - 3, "temp_dev")
    assert found["detail"]["derived"] == ["temp_dev"]
    # 18.6 - 15.6 is 3.0000000000000018 in binary.
    cool = [*monthly("temp", [18.6] * 2), *monthly("air_temp", [15.6] * 2)]
    kept = index("storet", *cool, *others)
    assert kept["value"] == 0


@pytest.mark.parametrize(("water", "met"), [(28.1, True), (28.2, False)])
def test_samples_and_verdicts_are_judged_by_it(water, met):
    rows = [*sample(), row("temp", water), row("air_temp", 25.1)]

    (share,) = (
        figure
        for figure in river().figures(days(*rows))
        if (figure.indicator, figure.period) == ("water.class_met_share", "2023-04")
    )
    assert share.value == float(met)
    year = [*monthly("temp", [water] * 12), *monthly("air_temp", [25.1] * 12)]
    found = verdicts.verdicts(STANDARDS, days(*year), INDEX_SCHEMA.to_frame())
    verdict = found.filter(standard="pp-22-2021-vi").to_dicts()
    assert [(v["parameter"], v["verdict"]) for v in verdict] == [
        ("temp_dev", "met" if met else "not_met")
    ]
    assert [(v["n"], v["derived"], v["derived_from"]) for v in verdict] == [
        (12, 12, ["temp", "air_temp"])
    ]


def test_a_verdict_says_how_many_of_its_values_were_measured():
    rows = [*monthly("temp", [28.0] * 12), *monthly("air_temp", [25.5] * 12)]
    rows += [r for r in monthly("temp_dev", [2.0] * 12) if r["period"].month <= 4]

    (found,) = verdicts.verdicts(STANDARDS, days(*rows), INDEX_SCHEMA.to_frame()).to_dicts()
    assert (found["n"], found["derived"], found["derived_from"]) == (12, 8, ["temp", "air_temp"])
    measured = verdicts.verdicts(
        STANDARDS, days(*monthly("bod", [2.0] * 12)), INDEX_SCHEMA.to_frame()
    )
    assert {(v["derived"], tuple(v["derived_from"])) for v in measured.to_dicts()} == {(0, ())}
