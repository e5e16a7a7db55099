"""Statistics of years against references that sort and count by hand."""

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kembar_air.indices import year

NOTHING = math.nan
VALUES = st.lists(
    st.one_of(st.just(NOTHING), st.integers(0, 400).map(float)), min_size=1, max_size=120
)
MONTHS = np.array([0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334])


def known(values):
    return sorted(value for value in values if not math.isnan(value))


def ranked(values, rank):
    ordered = known(values)
    return ordered[max(rank, 1) - 1] if ordered else NOTHING


def same(one, other):
    np.testing.assert_array_equal([one], [other])


def test_the_ranks_of_365_days():
    days = np.arange(1.0, 366.0)[None, ::-1]

    assert year.percentile_98(days)[0] == 358
    assert year.exclusion_2(days)[0] == 365 - 7
    assert year.percentile_99(days)[0] == 362


@settings(max_examples=40)
@given(VALUES)
def test_ranks_are_those_of_exact_arithmetic(values):
    n = len(known(values))
    row = np.array([values])

    same(
        year.percentile_98(row)[0],
        ranked(values, math.floor(Fraction(98, 100) * n + Fraction(1, 2))),
    )
    same(year.percentile_99(row)[0], ranked(values, math.ceil(Fraction(99, 100) * n)))
    same(year.exclusion_2(row)[0], ranked(values, n - math.floor(Fraction(2, 100) * n)))
    same(year.highest(row)[0], ranked(values, n))


def test_every_length_of_a_year_has_its_rank():
    n = np.arange(1, 367)
    rows = np.where(np.arange(1, 367) <= n[:, None], np.arange(1.0, 367.0), NOTHING)

    def exact(rank):
        return [rank(length) for length in range(1, 367)]

    percent = Fraction(1, 100)
    assert year.percentile_98(rows).tolist() == exact(
        lambda length: max(1, math.floor(98 * percent * length + Fraction(1, 2)))
    )
    assert year.percentile_99(rows).tolist() == exact(
        lambda length: math.ceil(99 * percent * length)
    )
    assert year.exclusion_2(rows).tolist() == exact(
        lambda length: length - math.floor(2 * percent * length)
    )


def test_the_statistic_of_nothing_is_nothing():
    row = np.full((1, 366), NOTHING)

    for statistic in (year.percentile_98, year.percentile_99, year.exclusion_2, year.highest,
                      year.mean):  # fmt: skip
        assert math.isnan(statistic(row)[0])


def test_two_days_in_a_row_are_seen_and_two_apart_are_not():
    marks = np.array([[True, False, True, False], [False, True, True, False]])

    assert year.two_in_a_row(marks).tolist() == [False, True]


def test_the_peak_season_is_the_worst_half_of_the_year():
    days = np.full((1, 365), 40.0)
    days[0, 90:273] = 80.0  # April to September

    assert year.peak_season(days, MONTHS, 0.75)[0] == 80.0
    flat = np.full((1, 365), 40.0)
    assert year.peak_season(flat, MONTHS, 0.75)[0] == 40.0


def test_a_season_weighs_days_and_not_months():
    days = np.zeros((1, 365))
    days[0, :31] = 100.0  # January alone: 31 of the 181 days to June

    assert year.peak_season(days, MONTHS, 0.75)[0] == pytest.approx(100 * 31 / 181)


def test_a_window_with_too_few_days_might_be_the_worst_so_there_is_no_season():
    days = np.full((1, 365), 40.0)
    days[0, :45] = NOTHING  # 136 of the 181 days from January to June: 75.1 %
    assert year.peak_season(days, MONTHS, 0.75)[0] == 40.0
    days[0, 45] = NOTHING
    assert math.isnan(year.peak_season(days, MONTHS, 0.75)[0])


@settings(max_examples=25)
@given(st.lists(st.integers(0, 200), min_size=12, max_size=12))
def test_the_season_is_the_highest_of_seven_windows(levels):
    lengths = np.diff(np.append(MONTHS, 365))
    days = np.repeat(np.array(levels, dtype=float), lengths)[None, :]

    windows = [
        sum(
            level * length
            for level, length in zip(levels[m : m + 6], lengths[m : m + 6], strict=True)
        )
        / lengths[m : m + 6].sum()
        for m in range(7)
    ]
    assert year.peak_season(days, MONTHS, 0.75)[0] == pytest.approx(max(windows), rel=1e-12)
