"""What may be said of a series, and what may not."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kembar_gateway.statistics import guard, multiple, series, trend
from kembar_gateway.statistics.coverage import Reason
from kembar_gateway.statistics.guard import Change, Direction, Wording
from kembar_gateway.statistics.series import Point
from kembar_gateway.wire import State

CITARUM = (33.43, 40.67, 55, 50.13, 51.01, 50.78)


def point(period: str, value: float | None, **members):
    state = State.NO_DATA if value is None else State.OK
    usual = {"state": state, "method": "m@1", "parameter_set": "7", "station_set": "CPM-01"}
    return Point(period=period, value=value, **{**usual, **members})


def years(values, first: int = 2010, **members):
    return [point(str(first + k), value, **members) for k, value in enumerate(values)]


def months(values, first: int = 2018):
    labels = (f"{first + k // 12}-{k % 12 + 1:02}" for k in range(len(values)))
    return [point(label, value) for label, value in zip(labels, values, strict=True)]


def noise(seed: int, count: int, phi: float = 0.0):
    values = np.random.default_rng(seed).normal(size=count)
    for place in range(1, count):
        values[place] += phi * values[place - 1]
    return values.tolist()


def without(values, *places):
    return [None if place in places else value for place, value in enumerate(values)]


def reasons(assessment):
    return [refusal.reason for refusal in assessment.refusals]


RISING = [1.0, 2.2, 2.9, 4.1, 5.3, 5.8, 7.1, 8.0, 9.2, 9.9]


def test_a_known_trend_is_found_with_its_slope():
    seasonal = [3 * np.sin(k / 12 * 2 * np.pi) for k in range(72)]
    values = [
        a + b + 0.5 * k / 12 for k, (a, b) in enumerate(zip(noise(1, 72), seasonal, strict=True))
    ]
    found = guard.assess(months(values), Direction.UP)

    assert found.wording is Wording.INCREASING
    assert found.slope.lower < 0.5 < found.slope.upper
    assert (found.coverage.years, found.coverage.filled, found.coverage.first) == (6, 72, "2018-01")
    assert found.reason is None
    assert found.change is None  # for `conclude` to say


def test_strong_trends_are_seldom_missed():
    said = [
        guard.assess(months([v + 0.6 * k / 12 for k, v in enumerate(noise(seed, 72, 0.3))]), None)
        for seed in range(60)
    ]

    assert sum(one.wording is Wording.INCREASING for one in said) >= 54


def test_time_reversed_says_the_opposite():
    up = guard.assess(years(RISING), Direction.UP)
    down = guard.assess(years(RISING[::-1]), Direction.UP)

    assert (up.wording, down.wording) == (Wording.INCREASING, Wording.DECREASING)
    assert down.slope.value == pytest.approx(-up.slope.value)
    assert down.test.p == up.test.p
    assert [one.change for one in guard.conclude([up])] == [Change.IMPROVED]
    assert [one.change for one in guard.conclude([down])] == [Change.WORSENED]


def test_the_interval_of_the_slope_knows_the_autocorrelation():
    found = guard.assess(months(noise(9, 72, 0.5)), None)
    values = np.array(noise(9, 72, 0.5))
    times, seasons = np.arange(72) / 12, np.arange(72) % 12
    variance = found.test.variance * found.test.inflation
    narrow = trend.sen_slope(values, times, seasons, variance=found.test.variance)
    wide = trend.sen_slope(values, times, seasons, variance=variance)

    assert found.test.inflation > 1.5
    assert found.slope.upper == pytest.approx(wide.upper)
    assert wide.upper - wide.lower > 1.2 * (narrow.upper - narrow.lower)


@pytest.mark.parametrize(
    ("direction", "change"),
    [(Direction.UP, Change.IMPROVED), (Direction.DOWN, Change.WORSENED), (None, None)],
)
def test_better_depends_on_the_direction(direction, change):
    assert guard.conclude([guard.assess(years(RISING), direction)])[0].change is change


def test_citarum_is_not_assessable_for_its_length_and_for_its_new_method():
    points = [
        replace(one, method="ika-2003@1" if one.period < "2020" else "ika-2021@1")
        for one in years(CITARUM, first=2018)
    ]
    found = guard.assess(points, Direction.UP)

    assert found.wording is Wording.NOT_ASSESSABLE
    assert (found.test, found.slope, found.change) == (None, None, None)
    assert found.reason is Reason.TOO_SHORT
    assert reasons(found) == [Reason.TOO_SHORT, Reason.METHOD_CHANGED]
    assert (found.refusals[0].found, found.refusals[0].limit) == (6, 8)
    assert found.refusals[1].details == ("2018: ika-2003@1", "2020: ika-2021@1")


@pytest.mark.parametrize(
    ("points", "expected"),
    [
        (years(RISING[:8]), []),
        (years(RISING[:7]), [Reason.TOO_SHORT]),
        (months(noise(2, 60)), []),
        (months(noise(2, 59)), [Reason.TOO_SHORT]),
        (months(without(noise(2, 60), *range(3, 60, 5))), []),
        (months(without(noise(2, 60), *range(3, 60, 5), 1)), [Reason.TOO_SPARSE]),
        (months(without(noise(2, 60), *range(20, 30))), []),
        (months(without(noise(2, 60), *range(20, 31))), [Reason.GAP]),
        (months(without(noise(2, 60), *range(6))), []),
        (months(without(noise(2, 60), *range(7))), [Reason.ENDS_UNCOVERED]),
        (months(without(noise(2, 60), *range(53, 60))), [Reason.ENDS_UNCOVERED]),
        (years(without(RISING, 4)), []),
        (years(without(RISING, 9)), [Reason.ENDS_UNCOVERED]),
        (years(without(RISING, 0)), [Reason.ENDS_UNCOVERED]),
        (years(without(RISING, 3, 6)), []),
        (years(without(RISING, 3, 5, 7)), [Reason.TOO_SPARSE]),
        (years(without(RISING, 3, 4)), [Reason.GAP]),
        (years([None] * 9), [Reason.NO_VALUES]),
        ([], [Reason.NO_VALUES]),
        (months(without(noise(2, 72), 0, 12, 24)), [Reason.SEASONS_CHANGED]),
        (months(without(noise(2, 72), *range(0, 72, 12))), []),
    ],
)
def test_both_sides_of_the_coverage_rule(points, expected):
    found = guard.assess(points, None)

    assert reasons(found) == expected
    assert (found.wording is Wording.NOT_ASSESSABLE) == bool(expected)


def test_the_reason_comes_with_the_numbers_and_the_place():
    (gap,) = guard.assess(months(without(noise(2, 60), *range(20, 31))), None).refusals

    assert (gap.found, gap.limit) == (pytest.approx(11 / 60), pytest.approx(1 / 6))
    assert gap.details == ("2019-09", "2020-07")


@pytest.mark.parametrize(
    ("member", "reason"),
    [
        ("method", Reason.METHOD_CHANGED),
        ("parameter_set", Reason.PARAMETERS_CHANGED),
        ("station_set", Reason.STATIONS_CHANGED),
        ("season_mix", Reason.SEASONS_CHANGED),
    ],
)
def test_what_changes_within_the_series_forbids_a_trend(member, reason):
    points = years(RISING)
    points[6] = replace(points[6], **{member: "another"})
    emptied = [*points[:6], replace(points[6], value=None, state=State.NO_DATA), *points[7:]]

    assert reasons(guard.assess(points, None)) == [reason]
    assert reasons(guard.assess(emptied, None)) == []


def test_censored_values_up_to_a_quarter_leave_a_slope_and_then_a_direction():
    points = years([2.0, 2.0, 2.0, 2.8, 4.1, 5.3, 5.8, 7.1, 7.9, 9.0, 9.8, 11.2])
    for place in range(3):
        points[place] = replace(points[place], censored=True, state=State.BELOW_LIMIT)
    quarter = guard.assess(points, None)
    points[2] = replace(points[2], value=3.0)
    third = guard.assess(points, None)

    assert (quarter.coverage.censored, quarter.wording) == (0.25, Wording.INCREASING)
    assert quarter.slope.value == pytest.approx(1.0, abs=0.1)
    assert third.coverage.censored == pytest.approx(4 / 12)  # 2.8 lies below 3.0 as well
    assert (third.slope, third.wording) == (None, Wording.LIKELY_INCREASING)


@pytest.mark.parametrize(("detected", "expected"), [(3, []), (2, [Reason.MOSTLY_CENSORED])])
def test_hardly_anything_detected_is_not_assessable(detected, expected):
    points = [
        replace(one, censored=k >= detected, value=5.0 + k * (k < detected))
        for k, one in enumerate(years(RISING))
    ]

    assert reasons(guard.assess(points, None)) == expected


def test_a_bound_without_a_number_is_no_value():
    unknown = [*years(RISING), point("2020", None, state=State.BELOW_LIMIT)]
    above = [*years(RISING), point("2020", None, state=State.ABOVE_LIMIT), *years([9.0], 2021)]

    assert reasons(guard.assess([*unknown, *years([9.0], 2021)], None)) == [Reason.LIMIT_UNKNOWN]
    assert reasons(guard.assess(above, None)) == [Reason.ABOVE_RANGE]


def test_what_is_not_yet_due_is_no_part_of_the_span():
    ahead = [point(str(2020 + k), None, state=State.NOT_YET_DUE) for k in range(3)]
    found = guard.assess([*years(RISING), *ahead], None)

    assert (found.wording, found.coverage.last) == (Wording.INCREASING, "2019")
    assert guard.assess(ahead, None).reason is Reason.NO_VALUES


def test_values_that_may_still_change_are_counted():
    points = years(RISING)
    points[-1] = replace(points[-1], state=State.PROVISIONAL)

    assert guard.assess(points, None).coverage.provisional == 1


def test_the_order_of_points_and_missing_points_do_not_matter():
    points = months(without(noise(5, 72), 10, 40))
    fewer = [one for one in points if one.value is not None]

    assert guard.assess(points[::-1], None) == guard.assess(points, None)
    assert guard.assess(fewer, None) == guard.assess(points, None)


@pytest.mark.parametrize(
    "labels",
    [
        ("2020", "2020"),
        ("2020", "2021-01"),
        ("2020-01/2020-05", "2020-06/2020-10"),
        ("2020-01/2020-06", "2020-09/2021-02"),
    ],
)
def test_periods_that_do_not_tile_are_refused(labels):
    with pytest.raises(ValueError, match="equal periods"):
        guard.assess([point(label, 1.0) for label in labels], None)


def test_half_years_are_compared_within_their_season():
    labels = [f"{2010 + k // 2}-05/{2010 + k // 2}-10" for k in range(0, 20, 2)]
    labels += [f"{2010 + k}-11/{2011 + k}-04" for k in range(10)]
    random = np.random.default_rng(4)
    # The wet season is far above the dry one, and both rise.
    found = guard.assess(
        [point(one, int(one[:4]) + 50 * ("-11/" in one) + random.normal()) for one in labels], None
    )

    assert (found.wording, found.coverage.years) == (Wording.INCREASING, 10)
    assert found.slope.value == pytest.approx(1, abs=0.3)
    assert found.test.variance == pytest.approx(2 * 125)


def test_months_may_be_compared_within_wet_and_dry():
    points = months([0.4 * k / 12 + v for k, v in enumerate(noise(6, 96))])
    found = guard.assess(points, None, seasons=series.WET_AND_DRY)

    assert found.wording is Wording.INCREASING
    assert found.test.variance == pytest.approx(2 * 48 * 47 * 101 / 18)


@pytest.mark.parametrize(
    ("p", "rising", "falling"),
    [
        (0.0499, Wording.INCREASING, Wording.DECREASING),
        (0.05, Wording.LIKELY_INCREASING, Wording.LIKELY_DECREASING),
        (0.10, Wording.LIKELY_INCREASING, Wording.LIKELY_DECREASING),
        (0.1001, Wording.NONE_SHOWN, Wording.NONE_SHOWN),
    ],
)
def test_words_on_both_sides_of_their_limits(p, rising, falling):
    test = guard.assess(years(RISING), None).test

    assert guard.word(replace(test, p=p)) is rising
    assert guard.word(replace(test, p=p, score=-test.score)) is falling
    assert guard.word(replace(test, p=p, score=0)) is Wording.NONE_SHOWN


@pytest.mark.parametrize(("p", "change"), [(0.0499, Change.IMPROVED), (0.05, None)])
def test_a_claim_needs_less_than_alpha(p, change):
    found = guard.assess(years(RISING), Direction.UP)
    (concluded,) = guard.conclude([replace(found, test=replace(found.test, p=p))])

    assert concluded.change is change


def test_no_variation_shows_no_trend():
    found = guard.assess(years([4.0] * 9), Direction.UP)

    assert (found.wording, found.test.p, found.slope.value) == (Wording.NONE_SHOWN, 1.0, 0.0)


def test_holm_by_hand():
    adjusted = multiple.holm(np.array([0.04, 0.01, 0.03, 0.005, 0.9]))

    np.testing.assert_allclose(adjusted, [0.09, 0.04, 0.09, 0.025, 0.9])
    assert multiple.holm(np.zeros(0)).shape == (0,)


@settings(max_examples=40)
@given(st.lists(st.floats(0, 1), min_size=1, max_size=12))
def test_holm_never_lowers_never_reorders_and_never_passes_bonferroni(own):
    probabilities = np.array(own)
    adjusted = multiple.holm(probabilities)
    order = np.argsort(probabilities, kind="stable")

    assert np.all(adjusted >= probabilities)
    assert np.all(adjusted <= np.minimum(1.0, probabilities * len(own)))
    assert np.all(np.diff(adjusted[order]) >= 0)


def test_a_trend_among_many_that_show_nothing_needs_more_to_be_a_claim():
    shown = guard.assess(years([1.0, 2, 3, 4, 2.5, 6, 7, 5.5, 8]), Direction.UP)
    quiet = [guard.assess(years(noise(seed, 9)), Direction.UP) for seed in range(8)]
    short = guard.assess(years(RISING[:3]), Direction.UP)
    alone, *rest = guard.conclude([shown, short])
    among, *_ = guard.conclude([shown, *quiet])

    assert 0.005 < shown.test.p < 0.05
    assert (alone.change, alone.tests, alone.p_adjusted) == (Change.IMPROVED, 1, shown.test.p)
    assert (rest[0].change, rest[0].p_adjusted, rest[0].tests) == (None, None, 0)
    assert (among.change, among.tests, among.wording) == (None, 9, Wording.INCREASING)


def null_series(random: np.random.Generator, count: int, phi: float):
    values = random.normal(size=count + 50)
    for place in range(1, count + 50):
        values[place] += phi * values[place - 1]
    return values[50:].tolist()


def test_of_a_thousand_monthly_series_without_trend_no_more_than_alpha_are_called_one():
    """The bound is alpha itself, without allowance.

    With these lengths and memories 3.9 % of 20,000 series were called a trend: a thousand of
    another seed would pass 50 about once in 28 times.
    """
    random = np.random.default_rng(2018)
    wave = 3 * np.sin(np.arange(84) / 12 * 2 * np.pi)
    said = []
    for number in range(1000):
        count, phi = (60, 72, 84)[number % 3], (0.0, 0.2, 0.4, 0.5)[number % 4]
        values = np.array(null_series(random, count, phi)) + wave[:count]
        said.append(guard.assess(months(values.tolist()), Direction.UP))
    false = sum(one.wording in (Wording.INCREASING, Wording.DECREASING) for one in said)
    publications = [guard.conclude(said[first : first + 10]) for first in range(0, 1000, 10)]
    with_a_false_claim = sum(any(one.change for one in some) for some in publications)

    assert {one.wording for one in said}.isdisjoint({Wording.NOT_ASSESSABLE})
    assert false <= guard.ALPHA * 1000
    assert with_a_false_claim <= guard.ALPHA * len(publications)
    assert sum(one.change is not None for one in guard.conclude(said)) == 0


def test_of_a_thousand_yearly_series_without_trend_no_more_than_alpha_are_called_one():
    """The bound is alpha itself, without allowance.

    With these lengths and memories 3.6 % of 20,000 series were called a trend: a thousand of
    another seed would pass 50 about once in 94 times.
    """
    random = np.random.default_rng(2019)
    said = [
        guard.assess(years(null_series(random, 8 + k % 8, (0.0, 0.1, 0.2)[k % 3])), Direction.DOWN)
        for k in range(1000)
    ]
    false = sum(one.wording in (Wording.INCREASING, Wording.DECREASING) for one in said)

    assert {one.wording for one in said}.isdisjoint({Wording.NOT_ASSESSABLE})
    assert false <= guard.ALPHA * 1000


def test_a_gateway_that_says_nothing_of_trends_does_not_load_scipy():
    asked = "import sys; from kembar_gateway.statistics import control, guard; "
    asked += "sys.exit('scipy' in sys.modules)"

    assert subprocess.run([sys.executable, "-c", asked], check=False).returncode == 0
