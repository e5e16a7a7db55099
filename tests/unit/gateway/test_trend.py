"""Rank tests and slopes: published examples, a second implementation, and what must not matter."""

from __future__ import annotations

from itertools import pairwise
from math import sqrt

import numpy as np
import pymannkendall
import pytest
import scipy.stats
from hypothesis import given, settings
from hypothesis import strategies as st

from kembar_gateway.statistics import correlation, distributions, trend

SHAMPOO = np.fromstring(
    "266.0 145.9 183.1 119.3 180.3 168.5 231.8 224.5 192.8 122.9 336.5 185.9 "
    "194.3 149.5 210.1 273.3 191.4 287.0 226.0 303.6 289.9 421.6 264.5 342.3 "
    "339.7 440.4 315.9 439.3 401.3 437.4 575.5 407.6 682.0 475.3 581.3 646.9",
    sep=" ",
)
CITARUM = np.array([33.43, 40.67, 55, 50.13, 51.01, 50.78])


def axis(count: int):
    return np.arange(count, dtype=np.float64)


def tied(count: int, seed: int, empty: float = 0.0):
    random = np.random.default_rng(seed)
    values = np.round(random.normal(5, 2, count) + 0.01 * np.arange(count))
    values[random.random(count) < empty] = np.nan
    return values


def remembering(count: int, seed: int, phi: float, digits: int | None = None):
    values = np.random.default_rng(seed).normal(size=count)
    for place in range(1, count):
        values[place] += phi * values[place - 1]
    return values if digits is None else np.round(values, digits)


def test_the_public_series_of_shampoo_sales():
    found = trend.mann_kendall(SHAMPOO, axis(36))
    slope = trend.sen_slope(SHAMPOO, axis(36), variance=found.variance)

    assert (found.n, found.score, found.variance, found.is_exact) == (36, 440, 5390.0, False)
    assert found.z == pytest.approx(5.9796, abs=5e-5)
    assert slope.value == pytest.approx(11.509375, abs=1e-9)
    assert slope.lower < slope.value < slope.upper


def test_citarum_went_from_33_to_51_without_a_demonstrable_trend():
    found = trend.mann_kendall(CITARUM, axis(6))
    since_the_new_method = trend.mann_kendall(CITARUM[2:], axis(4))

    assert (found.score, found.is_exact, round(found.p, 2)) == (7, True, 0.27)
    assert since_the_new_method.score == -2
    assert since_the_new_method.p == pytest.approx(0.75)


@pytest.mark.parametrize("count", range(2, 11))
def test_exact_probabilities_equal_scipys(count):
    values = np.random.default_rng(count).permutation(count).astype(np.float64)
    found = trend.mann_kendall(values, axis(count))
    theirs = scipy.stats.kendalltau(axis(count), values, method="exact")

    assert found.is_exact
    assert found.p == pytest.approx(theirs.pvalue, abs=1e-12)


def test_the_normal_approximation_begins_with_the_first_tie_and_the_eleventh_value():
    ten, eleven = axis(10), axis(11)

    assert trend.mann_kendall(ten, axis(10)).is_exact
    assert not trend.mann_kendall(eleven, axis(11)).is_exact
    assert not trend.mann_kendall(np.maximum(ten, 1.0), axis(10)).is_exact


@pytest.mark.parametrize("seed", range(6))
def test_with_ties_and_gaps_it_equals_a_second_implementation(seed):
    values = tied(48, seed, empty=0.1)
    found = trend.mann_kendall(values, axis(48))
    theirs = pymannkendall.original_test(values)

    assert found.score == theirs.s
    assert found.variance == pytest.approx(theirs.var_s)
    assert found.z == pytest.approx(theirs.z)
    assert found.p == pytest.approx(theirs.p)
    slope = trend.sen_slope(values, axis(48), variance=found.variance)
    assert slope.value == pytest.approx(theirs.slope)


@pytest.mark.parametrize("seed", range(6))
def test_by_season_it_equals_a_second_implementation(seed):
    values = tied(72, seed, empty=0.1) + 10 * (np.arange(72) % 12)
    months = np.arange(72) % 12
    found = trend.seasonal_mann_kendall(values, axis(72), months)
    theirs = pymannkendall.seasonal_test(values, period=12)

    assert (found.score, found.is_exact) == (theirs.s, False)
    assert found.variance == pytest.approx(theirs.var_s)
    assert found.p == pytest.approx(theirs.p)
    slope = trend.sen_slope(values, axis(72) / 12, months, variance=found.variance)
    assert slope.value == pytest.approx(theirs.slope)


@pytest.mark.parametrize(
    "values",
    [remembering(60, seed, 0.6) for seed in range(4)]
    + [np.round(remembering(60, seed, 0.5) / 2) for seed in range(4)],
)
def test_the_inflation_of_hamed_and_rao_equals_a_second_implementation(values):
    one_season = np.zeros(60, dtype=np.int64)
    ranks = correlation.detrended_ranks(values, axis(60), one_season)
    inflation = correlation.hamed_rao_inflation(correlation.autocorrelation(ranks), 60)
    theirs = pymannkendall.hamed_rao_modification_test(values)
    plain = trend.mann_kendall(values, axis(60))

    assert plain.variance * inflation == pytest.approx(theirs.var_s)
    assert trend.standardise(plain.score, plain.variance * inflation) == pytest.approx(theirs.z)


def test_an_interval_reaches_the_ranks_that_scipy_rounds_to():
    values = remembering(30, 7, 0.0) + 0.1 * axis(30)
    variance = trend.mann_kendall(values, axis(30)).variance
    slope = trend.sen_slope(values, axis(30), variance=variance)
    theirs = scipy.stats.theilslopes(values, axis(30), alpha=0.90)
    earlier, later = np.triu_indices(30, 1)
    ordered = np.sort((values[later] - values[earlier]) / (later - earlier))
    ours, rounded = (np.searchsorted(ordered, e) for e in ((slope.lower, slope.upper), theirs[2:]))

    assert slope.value == pytest.approx(theirs.slope)
    assert np.all(np.abs(ours - rounded) <= 1)


def test_an_interval_by_hand():
    # 45 slopes, variance 125: ranks (45 - 1.645 * 11.18) / 2 = 13.305 and 32.695 of 45.
    values = np.array([0, 10, 19, 27, 34, 40, 45, 49, 52, 54], dtype=np.float64)
    slope = trend.sen_slope(values, axis(10), variance=125.0)
    ordered = np.sort([(values[j] - values[i]) / (j - i) for j in range(10) for i in range(j)])

    assert slope.value == ordered[22]
    assert slope.lower == pytest.approx(ordered[12] + 0.305 * (ordered[13] - ordered[12]), abs=1e-3)
    assert slope.upper == pytest.approx(ordered[31] + 0.695 * (ordered[32] - ordered[31]), abs=1e-3)


def test_too_few_pairs_reach_no_end_of_an_interval():
    slope = trend.sen_slope(np.array([1.0, 2.0, 4.0]), axis(3), variance=11 / 3)

    assert (slope.value, slope.lower, slope.upper) == (1.5, None, None)
    assert trend.sen_slope(np.array([1.0, np.nan]), axis(2), variance=1.0) is None


def test_seasons_are_not_compared_with_each_other():
    wet, dry = np.array([5.0, 6, 7, 8]), np.array([50.0, 49, 48, 47])
    values = np.ravel(np.column_stack([wet, dry]))
    seasons = np.arange(8) % 2

    assert trend.seasonal_mann_kendall(values, axis(8), seasons).score == 6 - 6
    # Dry after wet rises 4 + 3 + 2 + 1 times, wet after dry falls 3 + 2 + 1 times.
    assert trend.mann_kendall(values, axis(8)).score == 10 - 6


def test_slopes_are_per_unit_of_time_across_gaps():
    times = np.array([2001.0, 2002, 2006, 2010])
    values = 3.0 * (times - 2001)

    assert trend.sen_slope(values, times, variance=1.0).value == 3.0
    assert trend.median_slope(values, times * 12) == pytest.approx(0.25)


whole_numbers = st.lists(st.integers(-20, 20), min_size=3, max_size=24)


@settings(max_examples=40)
@given(whole_numbers, st.integers(-1000, 1000), st.randoms(use_true_random=False))
def test_what_must_not_matter_does_not(numbers, constant, random):
    values, times = np.array(numbers, dtype=np.float64), axis(len(numbers))
    seasons = np.arange(len(numbers)) % 2
    found = trend.seasonal_mann_kendall(values, times, seasons)
    order = random.sample(range(len(numbers)), len(numbers))

    assert trend.seasonal_mann_kendall(values + constant, times, seasons) == found
    assert trend.seasonal_mann_kendall(values[order], times[order], seasons[order]) == found
    assert trend.median_slope(values[order], times[order]) == trend.median_slope(values, times)
    assert trend.seasonal_mann_kendall(values, times * 3 + 7, seasons) == found


@settings(max_examples=40)
@given(whole_numbers)
def test_swapping_time_or_better_and_worse_reverses_the_sign_alone(numbers):
    values, times = np.array(numbers, dtype=np.float64), axis(len(numbers))
    found = trend.mann_kendall(values, times)
    for other in (trend.mann_kendall(values[::-1], times), trend.mann_kendall(-values, times)):
        assert (other.score, other.z) == (-found.score, -found.z)
        assert (other.variance, other.p) == (found.variance, found.p)
    assert trend.median_slope(-values, times) == -trend.median_slope(values, times)


def test_no_variation_is_no_trend():
    found = trend.mann_kendall(np.full(12, 4.0), axis(12))

    assert (found.score, found.variance, found.z, found.p) == (0, 0.0, 0.0, 1.0)


def test_what_is_below_the_highest_limit_is_one_tie():
    values = np.array([0.5, 2.0, 1.0, 3.0, 0.7, np.nan, 2.5])
    censored = np.array([True, False, False, False, False, False, False])
    censored[1] = True  # below 2
    ties, are_censored = trend.tie_below_limits(values, censored)

    np.testing.assert_array_equal(ties, [2.0, 2.0, 2.0, 3.0, 2.0, np.nan, 2.5])
    assert are_censored.tolist() == [True, True, True, False, True, False, False]


def test_a_detection_limit_that_falls_makes_no_trend():
    limits = np.array([8.0, 7, 6, 5, 4, 3, 2, 1])
    ties, _ = trend.tie_below_limits(limits, np.ones(8, dtype=np.bool_))

    assert trend.mann_kendall(limits, axis(8)).p < 0.001
    assert trend.mann_kendall(ties, axis(8)).p == 1.0


def test_autocorrelation_equals_the_sums_by_hand_and_bears_gaps():
    ranks = np.array([1.0, 2, 3, 4, 5, 6, 7, 8])
    by_hand = [sum((k - 4.5) * (k + lag - 4.5) for k in range(1, 9 - lag)) / 42 for lag in range(8)]
    gapped = np.where(np.arange(60) % 7 == 3, np.nan, np.sin(np.arange(60) / 5))

    np.testing.assert_allclose(correlation.autocorrelation(ranks), by_hand)
    whole = correlation.autocorrelation(np.sin(np.arange(60) / 5))
    np.testing.assert_allclose(correlation.autocorrelation(gapped)[:8], whole[:8], atol=0.05)
    assert correlation.autocorrelation(np.full(9, 2.0)).tolist() == [1.0] + [0.0] * 8


def test_memory_is_put_right_for_short_series_and_bounded():
    by_lag = np.zeros(12)
    for lag_one, expected in ((0.2, 4.4 / 8), (-0.5, 0.0), (0.9, 0.95)):
        by_lag[1] = lag_one
        assert correlation.memory(by_lag, terms=2) == pytest.approx(expected)


def test_inflation_of_a_long_memory_comes_near_its_limit():
    by_lag = np.zeros(4000)
    by_lag[1] = 0.5

    assert correlation.memory_inflation(by_lag) == pytest.approx(1.5 / 0.5, rel=0.01)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000), st.floats(-0.6, 0.8), st.booleans())
def test_a_corrected_test_is_never_surer_than_the_plain_one(seed, phi, is_seasonal):
    values = remembering(24, seed, phi)
    seasons = np.zeros(24, dtype=np.int64)
    plain = trend.mann_kendall(values, axis(24))
    ranks = correlation.detrended_ranks(values, axis(24), seasons)
    by_lag = correlation.autocorrelation(ranks)
    corrected = correlation.correct(plain, by_lag, is_seasonal=is_seasonal)

    assert corrected.p >= plain.p
    assert corrected.inflation >= 1.0
    assert (corrected.score, corrected.variance) == (plain.score, plain.variance)


def test_detrended_ranks_know_neither_the_trend_nor_the_seasons():
    seasons = np.arange(24) % 12
    rest = np.random.default_rng(3).permutation(24) / 7.0
    ranks = correlation.detrended_ranks(rest, axis(24), seasons)
    shifted = correlation.detrended_ranks(rest + 3 * axis(24) + 50 * seasons, axis(24), seasons)

    np.testing.assert_array_equal(ranks, shifted)
    straight = correlation.detrended_ranks(0.1 * axis(24), axis(24), seasons)
    assert set(straight) == {12.5}


@pytest.mark.parametrize(("z", "degrees"), [(0.0, 3.0), (2.1, 1.0), (-1.7, 7.5), (4.0, 60.0)])
def test_probabilities_equal_scipys(z, degrees):
    assert distributions.normal_two_sided(z) == pytest.approx(2 * scipy.stats.norm.sf(abs(z)))
    student = 2 * scipy.stats.t.sf(abs(z), degrees)
    assert distributions.student_two_sided(z, degrees) == pytest.approx(student)
    assert distributions.student_quantile(0.975, degrees) == pytest.approx(
        scipy.stats.t.ppf(0.975, degrees)
    )
    assert distributions.normal_quantile(0.95) == pytest.approx(1.6448536)


def test_kendalls_variance_is_that_of_its_exact_distribution():
    scores = {score: distributions.kendall_two_sided(score, 7) for score in range(1, 22, 2)}
    tails = [*scores.values(), 0.0]
    shares = [before - after for before, after in pairwise(tails)]
    variance = sum(s**2 * share for s, share in zip(scores, shares, strict=True))

    assert sqrt(variance) == pytest.approx(sqrt(7 * 6 * 19 / 18))
