import json
from datetime import date, timedelta

import polars as pl
import pytest

from kembar_air import app, standards
from kembar_air.indicators import figures as made
from kembar_air.indicators.air import Air
from kembar_air.indices.ispu import Reading
from kembar_air.settings import AirSettings
from kembar_shared.measurement.indicators import DAYS_SCHEMA, HOURS_SCHEMA, INDEX_SCHEMA
from kembar_shared.measurement.vocabulary import Origin, State
from tests.unit.air import tables

APRIL = [date(2023, 4, 1) + timedelta(days=n) for n in range(30)]
ISPU = standards.build().of("p14-2020")
NO_HOURS = pl.DataFrame(schema=HOURS_SCHEMA)
YEAR = [date(2023, 1, 1) + timedelta(days=n) for n in range(365)]


def row(parameter="pm25", mean=10.0, period=APRIL[3], n=24, **changes):
    return tables.day(parameter, period, mean, n, **changes)


def days(*rows):
    return pl.DataFrame(rows, schema=DAYS_SCHEMA)


def only(*rows, **settings):
    frame = Air(**settings).indices(days(*rows), NO_HOURS).filter(index="ispu")
    assert frame.height == 1
    assert frame.schema == INDEX_SCHEMA
    day = frame.row(0, named=True)
    return day | {"detail": json.loads(day["detail"])}


def figures(*rows, **settings):
    found = tables.figures_of(Air(**settings), days(*rows))
    return {(figure.indicator, figure.period): figure for figure in found}


def test_a_day_has_the_index_of_its_worst_pollutant():
    day = only(row("pm25", 42.14), row("pm10", 60.0), row("o3", 20.0))

    assert (day["station"], day["period"], day["index"]) == ("BDG-AIR-01", APRIL[3], "ispu")
    assert (day["grain"], day["unit"], day["detail"]["day"]) == ("day", "1", "calendar")
    assert (day["value"], day["category"], day["critical"]) == (84.0, "sedang", "pm25")
    assert day["parameters"] == ["pm25", "pm10", "o3"]
    assert day["missing"] == ["so2", "co", "no2", "hc"]
    assert day["detail"]["sub_indices"]["pm25"] == 84.0
    assert day["detail"]["sub_indices"]["co"] is None
    assert (day["state"], day["method"]) == ("ok", "p14-2020/ispu-banded@4")


def test_the_anchored_reading_is_another_method():
    day = only(row("pm25", 42.14), reading=Reading.ANCHORED)

    assert (day["value"], day["method"]) == (83.0, "p14-2020/ispu-anchored@4")


@pytest.mark.parametrize(
    ("n", "expected", "valid"), [(18, 24, True), (17, 24, False), (1, 1, True)]
)
def test_a_day_needs_18_of_24_hours_or_the_same_share(n, expected, valid):
    day = only(row(n=n, expected=float(expected)))

    assert (day["value"] is not None) == valid
    assert day["state"] == ("ok" if valid else "insufficient")
    assert ("pm25" in day["missing"]) != valid


def test_a_pollutant_with_too_few_hours_is_missing_and_the_others_count():
    day = only(row("pm25", 300.0, n=17), row("pm10", 25.0))

    assert (day["value"], day["critical"]) == (25.0, "pm10")
    assert "pm25" in day["missing"]


def test_beyond_the_scale_the_index_goes_on():
    day = only(row("pm10", 580.0))

    assert (day["value"], day["category"]) == (699.0, "berbahaya")
    assert day["detail"]["beyond_scale"]
    assert not only(row("pm10", 500.0))["detail"]["beyond_scale"]


@pytest.mark.parametrize("n", range(18, 25))
def test_hours_at_an_edge_are_a_day_at_that_edge(n):
    rows, expected = [], []
    for place, limit in enumerate(ISPU):
        total = 0.0
        for _ in range(n):
            total += limit.most
        rows.append(row(limit.parameter, n=n, sum=total, station=f"S{place:02d}"))
        expected.append(limit.index)

    found = Air().indices(days(*rows), NO_HOURS).filter(index="ispu")
    assert found["value"].to_list() == expected
    assert not any(json.loads(text)["beyond_scale"] for text in found["detail"])


@pytest.mark.parametrize(
    ("day", "standard", "retrospective"),
    [
        (date(2020, 7, 1), "p14-2020", False),
        (date(2020, 6, 30), "kep-107-1997", False),
        (date(1997, 11, 21), "kep-107-1997", False),
        (date(1997, 11, 20), "kep-107-1997", True),
    ],
)
def test_a_day_is_judged_by_the_regulation_of_its_time(day, standard, retrospective):
    detail = only(row("pm10", period=day))["detail"]

    assert (detail["standard"], detail["retrospective"]) == (standard, retrospective)


def test_pollutants_outside_the_index_and_longer_periods_have_none():
    found = Air().indices(days(row("spm"), row("ox"), row(grain="month")), NO_HOURS)
    assert set(found["index"]) == {"mean_24h:ox", "mean_24h:spm"}


def test_a_month_of_pm25_is_the_mean_of_its_valid_days():
    rows = [row(mean=10.0 if n < 15 else 20.0, period=day) for n, day in enumerate(APRIL)]

    figure = figures(*rows)["air.pm25_mean", "2023-04"]
    assert figure.value == pytest.approx(15.0)
    assert (figure.numerator, figure.denominator) == (pytest.approx(450.0), 30.0)
    assert (figure.n, figure.expected, figure.coverage) == (30, 30.0, 1.0)
    assert (figure.unit, figure.state, figure.origin) == ("µg/m³", State.OK, Origin.REAL)
    assert figure.stations == ("BDG-AIR-01",)


@pytest.mark.parametrize(("count", "state"), [(22, State.INSUFFICIENT), (23, State.OK)])
def test_a_month_needs_three_quarters_of_its_station_days(count, state):
    rows = [row(period=day) for day in APRIL[:count]]

    found = figures(*rows)
    for code in ("air.pm25_mean", "air.ispu_good_share"):
        figure = found[code, "2023-04"]
        assert figure.state is state
        assert (figure.value is None) == (state is State.INSUFFICIENT)
        assert figure.coverage == pytest.approx(count / 30)


def test_days_with_too_few_hours_do_not_count():
    rows = [row(period=day) for day in APRIL[:23]]
    poor = [row(mean=900.0, period=day, n=17) for day in APRIL[23:]]

    figure = figures(*rows, *poor)["air.pm25_mean", "2023-04"]
    assert (figure.value, figure.n) == (pytest.approx(10.0), 23)


@pytest.mark.parametrize("code", ["air.pm25_mean", "air.ispu_good_share"])
def test_a_period_with_days_above_the_range_has_no_figure(code):
    above = [row(period=day, n=12, n_above=12) for day in APRIL[:5]]
    found = figures(*above, *(row(period=day) for day in APRIL[5:]), row(period=date(2023, 5, 1)))

    april = found[code, "2023-04"]
    assert (april.value, april.state) == (None, State.CANNOT_ASSESS)
    assert (april.numerator, april.denominator) == (None, None)
    assert (april.n, april.detail["above_range"]) == (25, 5)
    assert found[code, "2023-05"].detail["above_range"] == 0


def test_other_pollutants_above_the_range_leave_the_mean_of_pm25():
    above = row("pm10", period=APRIL[0], n=12, n_above=12)
    found = figures(above, *(row(period=day) for day in APRIL))

    assert found["air.pm25_mean", "2023-04"].value == pytest.approx(10.0)
    assert found["air.ispu_good_share", "2023-04"].state is State.CANNOT_ASSESS


def test_a_silent_second_station_lowers_the_coverage():
    rows = [row(period=day) for day in APRIL]
    other = [row(period=day, station="BDG-AIR-02") for day in APRIL[:10]]

    figure = figures(*rows, *other)["air.pm25_mean", "2023-04"]
    assert (figure.n, figure.expected, figure.state) == (40, 60.0, State.INSUFFICIENT)


def test_the_share_of_good_days_counts_baik_and_sedang():
    means = [10.0, 55.4, 55.5, *[10.0] * 27]
    rows = [row(mean=mean, period=day) for mean, day in zip(means, APRIL, strict=True)]

    figure = figures(*rows)["air.ispu_good_share", "2023-04"]
    assert (figure.numerator, figure.denominator) == (29.0, 30.0)
    assert figure.value == pytest.approx(29 / 30)
    assert (figure.unit, figure.method) == ("1", "kembar/ispu-banded-good-share@4")


def test_a_year_is_made_of_its_days_not_of_its_months():
    rows = [row(mean=float(day.month), period=day) for day in YEAR]

    figure = figures(*rows)["air.pm25_mean", "2023"]
    assert figure.value == pytest.approx(sum(day.month for day in YEAR) / 365)
    assert (figure.n, figure.expected, figure.state) == (365, 365.0, State.OK)


@pytest.mark.parametrize(("missing", "state"), [(46, State.OK), (47, State.INSUFFICIENT)])
def test_a_year_needs_three_quarters_of_its_dry_season_too(missing, state):
    dry = [day for day in YEAR if 5 <= day.month <= 10]
    kept = set(YEAR) - set(dry[:missing])

    figure = figures(*(row(period=day) for day in kept))["air.pm25_mean", "2023"]
    assert figure.n / 365 > 0.87
    assert figure.state is state
    assert figure.coverage == pytest.approx(1 - missing / 184)


def test_a_year_needs_three_quarters_of_its_wet_season_too():
    kept = [day for day in YEAR if day.month > 2]

    assert figures(*(row(period=day) for day in kept))["air.pm25_mean", "2023"].state is (
        State.INSUFFICIENT
    )


def test_monthly_means_are_used_where_the_days_do_not_suffice_and_weigh_their_days():
    april = row(
        mean=30.0,
        n=1,
        expected=1.0,
        grain="month",
        period=date(2023, 4, 1),
        following=date(2023, 5, 1),
    )

    alone = figures(row(), april)["air.pm25_mean", "2023-04"]
    assert (alone.value, alone.numerator, alone.denominator) == (30.0, 900.0, 30.0)
    assert alone.detail == {"grain": "month", "above_range": 0}
    beside = figures(april, *(row(period=day) for day in APRIL))["air.pm25_mean", "2023-04"]
    assert (beside.value, beside.detail) == (
        pytest.approx(10.0),
        {"grain": "day", "above_range": 0},
    )


def test_a_yearly_mean_makes_a_year_and_no_month():
    year = row(
        mean=31.0,
        n=1,
        expected=1.0,
        grain="year",
        period=date(2023, 1, 1),
        following=date(2024, 1, 1),
    )

    found = figures(year)
    assert set(found) == {("air.pm25_mean", "2023")}
    assert found["air.pm25_mean", "2023"].value == pytest.approx(31.0)


def test_an_hour_below_detection_is_no_number():
    censored = row(n=0, mean=0.0, n_below=24, below_limit=2.0)

    assert only(censored)["state"] == "insufficient"
    assert figures(censored)["air.pm25_mean", "2023-04"].value is None


def test_nothing_measured_is_nothing_said():
    assert figures() == {}
    nothing = Air().indices(days(), NO_HOURS)
    assert (nothing.height, nothing.schema) == (0, INDEX_SCHEMA)
    assert figures(row(jurisdiction=None)) == {}


def test_some_hours_below_detection_count_as_half_the_limit():
    day = only(row("so2", n=20, n_below=4, below_limit=6.0, mean=30.0))

    # (20 * 30 + 4 * 3) / 24 = 25.5; 50 / 52 * 25.5 = 24.52
    assert (day["state"], day["value"]) == ("ok", 25.0)
    assert day["detail"]["substituted"] == ["so2"]


def test_a_day_with_hours_above_the_range_has_no_index():
    day = only(row("pm25", n=18, n_above=6), row("pm10", 60.0))

    assert (day["state"], day["value"], day["category"]) == ("above_limit", None, None)
    assert day["critical"] is None
    found = figures(row("pm25", n=18, n_above=6))
    assert {figure.value for figure in found.values()} == {None}


def test_old_days_are_good_by_the_law_of_their_time():
    # 250 µg/m³ of SO2 was "sedang" until June 2020, and is "tidak sehat" since.
    old = [row("so2", 250.0, day.replace(year=2016)) for day in APRIL]
    new = [row("so2", 250.0, day) for day in APRIL]

    found = figures(*old, *new)
    assert found["air.ispu_good_share", "2016-04"].value == 1.0
    assert found["air.ispu_good_share", "2023-04"].value == 0.0


def test_each_value_below_detection_counts_as_half_its_own_limit():
    censored = {"n": 2, "n_below": 2, "below_limit": 8.0, "low": 10.0, "high": 12.5}
    day = Air().indices(days(row("so2", expected=4.0, **censored)), NO_HOURS)

    assert day.filter(index="mean_24h:so2")["value"].to_list() == [11.25]


def test_a_release_with_another_method_has_other_rules(monkeypatch):
    before = app.domain(AirSettings()).rules
    monkeypatch.setattr(made, "PM25_MEAN", "kembar/pm25-mean@99")

    rules = app.domain(AirSettings()).rules
    assert rules != before
    assert "kembar/pm25-mean@99" in rules.split()
