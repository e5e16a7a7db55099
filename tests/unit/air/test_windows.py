"""Running means and daily maxima against a reference that does one hour after another."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kembar_air.indices import grid, windows

NOTHING = math.nan
HOURS = st.lists(
    st.one_of(st.just(NOTHING), st.integers(0, 4000).map(lambda n: n / 8)),
    min_size=1,
    max_size=72,
)


def naive_means(values, hours, least):
    found = []
    for end in range(len(values)):
        window = [v for v in values[max(0, end - hours + 1) : end + 1] if not math.isnan(v)]
        found.append(sum(window) / len(window) if window and len(window) >= least else NOTHING)
    return found


def naive_maxima(means, days):
    found = {}
    for mean, day in zip(means, days, strict=True):
        found.setdefault(day, []).append(mean)
    known = {day: [m for m in found[day] if not math.isnan(m)] for day in found}
    return [(max(known[day], default=NOTHING), len(known[day])) for day in sorted(known)]


def same(one, other):
    return np.testing.assert_allclose(one, other, rtol=1e-12, atol=0)


@settings(max_examples=40)
@given(HOURS, st.sampled_from([(8, 6), (24, 18), (3, 3), (1, 1)]))
def test_running_means_are_those_of_the_plain_rule(values, rule):
    same(windows.running_means(np.array([values]), *rule)[0], naive_means(values, *rule))


@settings(max_examples=40)
@given(HOURS, st.integers(0, 23))
def test_a_day_s_highest_mean_is_that_of_the_means_that_end_in_it(values, first_hour):
    days = [(first_hour + n) // 24 for n in range(len(values))]
    means = naive_means(values, 8, 6)

    starts = windows.day_starts(np.array([days], dtype=np.int32))
    highest, n = windows.day_maxima(windows.running_means(np.array([values]), 8, 6), starts)
    expected = naive_maxima(means, days)
    same(highest, [each for each, _ in expected])
    assert n.tolist() == [count for _, count in expected]


@pytest.mark.parametrize(("valid", "has_mean"), [(6, True), (5, False)])
def test_an_8_hour_mean_needs_6_of_8_hours(valid, has_mean):
    values = np.array([[10.0] * valid + [NOTHING] * (8 - valid)])

    assert math.isnan(windows.running_means(values, 8, 6)[0, 7]) != has_mean


def test_the_first_hours_of_all_have_no_hours_before_them():
    means = windows.running_means(np.full((1, 8), 4.0), 8, 6)[0]

    assert np.isnan(means[:5]).all()
    assert means[5:].tolist() == [4.0, 4.0, 4.0]


def test_a_huge_value_long_ago_leaves_no_trace():
    values = np.full((1, 100), 0.1)
    values[0, 0] = 1e15

    assert windows.running_means(values, 8, 6)[0, 99] == pytest.approx(0.1, rel=1e-15)


def test_a_mark_touches_the_windows_that_hold_it():
    marks = np.zeros((1, 12), dtype=bool)
    marks[0, 2] = True

    assert np.flatnonzero(windows.touches(marks, 8)[0]).tolist() == list(range(2, 10))


def test_a_window_is_mostly_below_detection_with_more_than_half_of_it():
    below = np.array([[True, True, False, False]])
    values = np.array([[1.0, 1.0, 1.0, NOTHING]])

    assert windows.mostly_below(values, below, 4)[0].tolist() == [True, True, True, True]
    assert not windows.mostly_below(np.ones((1, 4)), below, 4)[0, 3]
    starts = np.array([0])
    assert windows.days_mostly_below(values, below, starts).tolist() == [True]
    assert windows.days_mostly_below(np.ones((1, 4)), below, starts).tolist() == [False]


def laid(number, day, hour, values):
    n = len(number)
    return grid.lay_out_hours(
        np.zeros(n, dtype=np.int64),
        np.zeros(1, dtype=np.int64),
        np.array(number),
        np.array(day),
        np.array(hour),
        np.array(values, dtype=np.float64),
        np.zeros(n, dtype=bool),
        np.zeros(n, dtype=bool),
    )


def test_hours_of_years_apart_do_not_meet():
    ten_years = 10 * 365 * 24
    hours = list(range(24)) + list(range(ten_years, ten_years + 24))
    found = laid(hours, [h // 24 for h in hours], [h % 24 for h in hours], [1.0] * 48)

    means = windows.running_means(found.values, 8, 6)
    assert found.values.shape == (1, 3 * 24)
    assert np.isnan(means[0, 48:53]).all()
    assert not np.isnan(means[0, 53:72]).any()


def test_an_hour_that_is_missing_lies_in_the_local_day_of_its_clock():
    # West Indonesian time: UTC 17:00 begins the next day; that hour itself is missing.
    hours = [15, 16, 18, 19]
    found = laid(hours, [0, 0, 1, 1], [22, 23, 1, 2], [1.0] * 4)

    assert (found.day[0, 16:19].tolist(), found.hour[0, 16:19].tolist()) == ([0, 1, 1], [23, 0, 1])


def test_a_day_of_25_hours_keeps_its_last_hour():
    hours = list(range(50))
    day = [0] * 25 + [1] * 24 + [2]
    hour = [*range(25), *range(24), 0]
    found = laid(hours, day, hour, [1.0] * 50)

    starts = windows.day_starts(found.day)
    _, n = windows.day_maxima(found.values, starts)
    assert n[n > 0].tolist() == [25, 24, 1]


def test_days_mean_is_of_the_valid_hours_and_needs_enough_of_them():
    values = np.array([[1.0, 3.0, NOTHING, NOTHING]])

    assert windows.day_means(values, np.array([0]), 2).tolist() == [2.0]
    assert np.isnan(windows.day_means(values, np.array([0]), 3)).all()
