import itertools
import math
from statistics import NormalDist

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kembar_water.indices import censored
from kembar_water.indices.censored import Estimator

# Arsenic in an urban stream of Oahu (Helsel 2005): 11 detects, 13 below three limits.
DETECTS = [3.2, 2.8, 1.7, 1.5, 0.9, 0.7, 0.7, 0.6, 0.5, 0.5, 0.5]
LIMITS = [2.0] * 8 + [1.0] * 4 + [0.9]
VALUES = st.integers(1, 8).map(float)


def one(detects, limits):
    """One series as a row."""
    is_below = [False] * len(detects) + [True] * len(limits)
    return np.array([[*detects, *limits]]), np.array([is_below])


def product_limit(detects, limits):
    """The flipped Kaplan-Meier mean as the textbook has it: one distinct value after another."""
    smallest, largest_first = min([*detects, *limits]), sorted(set(detects), reverse=True)
    remaining, mean = 1.0, 0.0
    for value in largest_first:
        at_risk = sum(d <= value for d in detects) + sum(limit <= value for limit in limits)
        mass = remaining * sum(d == value for d in detects) / at_risk
        mean += mass * value
        remaining -= mass
    return mean + remaining * smallest


def helsel_ros(detects, limits):
    """Regression on order statistics as the textbook has it, limit by limit."""
    kept = [limit for limit in limits if limit <= max(detects)]
    thresholds = sorted(set(kept))
    exceedance = {math.inf: 0.0}
    following = math.inf
    for threshold in reversed(thresholds):
        above = sum(threshold <= d < following for d in detects)
        below = sum(d < threshold for d in detects) + sum(limit <= threshold for limit in kept)
        share = above / (above + below)
        exceedance[threshold] = exceedance[following] + share * (1 - exceedance[following])
        following = threshold
    exceedance[-math.inf] = 1.0
    bounds = [-math.inf, *thresholds, math.inf]
    points, imputed = [], []
    for low, high in itertools.pairwise(bounds):
        inside = sorted(d for d in detects if low <= d < high)
        for rank, value in enumerate(inside, start=1):
            width = exceedance[low] - exceedance[high]
            points.append((1 - exceedance[low] + width * rank / (len(inside) + 1), value))
    for threshold in thresholds:
        members = kept.count(threshold)
        imputed += [
            (1 - exceedance[threshold]) * rank / (members + 1) for rank in range(1, members + 1)
        ]
    score = NormalDist().inv_cdf
    slope, intercept = np.polyfit(
        [score(p) for p, _ in points], [math.log(v) for _, v in points], 1
    )
    return np.array([*detects, *(math.exp(intercept + slope * score(p)) for p in imputed)])


def test_the_arsenic_of_oahu():
    assert censored.ros(np.array(DETECTS), np.array(LIMITS)) == pytest.approx(
        (0.972, 0.718), abs=5e-4
    )
    assert censored.kaplan_meier_mean(*one(DETECTS, LIMITS))[0] == pytest.approx(0.949, abs=5e-4)


@given(st.lists(VALUES, min_size=1, max_size=8), st.lists(VALUES, max_size=8))
@settings(max_examples=25)
def test_kaplan_meier_is_the_product_limit_of_the_flipped_data(detects, limits):
    mean = censored.kaplan_meier_mean(*one(detects, limits))[0]

    assert mean == pytest.approx(product_limit(detects, limits))


@given(st.lists(VALUES, min_size=3, max_size=8), st.lists(VALUES, max_size=8))
@settings(max_examples=25)
def test_regression_on_order_statistics_goes_limit_by_limit(detects, limits):
    found = censored.ros(np.array(detects), np.array(limits))

    if len(set(detects)) == 1:
        assert math.isnan(found.mean)
    else:
        both = helsel_ros(detects, limits)
        assert found == pytest.approx((both.mean(), both.std(ddof=1)), rel=1e-9)


@given(st.lists(VALUES, min_size=1, max_size=9))
@settings(max_examples=25)
def test_without_a_non_detect_every_mean_is_the_ordinary_one(values):
    assert censored.kaplan_meier_mean(*one(values, []))[0] == pytest.approx(np.mean(values))
    means, estimators = censored.mean(*one(values, []))
    assert means[0] == pytest.approx(np.mean(values))
    assert estimators[0] == Estimator.ORDINARY


@given(st.lists(VALUES, min_size=1, max_size=6), st.lists(VALUES, max_size=6), st.randoms())
@settings(max_examples=25)
def test_the_order_of_values_changes_no_mean(detects, limits, random):
    values, is_below = one(detects, limits)
    order = random.sample(range(values.shape[1]), values.shape[1])

    shuffled = censored.kaplan_meier_mean(values[:, order], is_below[:, order])
    assert shuffled == pytest.approx(censored.kaplan_meier_mean(values, is_below))


def test_non_detects_above_the_largest_detect_say_nothing():
    with_them = censored.ros(np.array([1.0, 2.0, 3.0]), np.array([2.5, 9.0, 9.0]))

    assert with_them == censored.ros(np.array([1.0, 2.0, 3.0]), np.array([2.5]))


@pytest.mark.parametrize(
    ("detects", "nondetects", "chosen"),
    [
        (2, 0, Estimator.ORDINARY),
        (5, 5, Estimator.KAPLAN_MEIER),
        (5, 6, Estimator.ROS),
        (3, 12, Estimator.ROS),
        (3, 13, Estimator.NONE),
        (2, 1, Estimator.NONE),
        (3, 3, Estimator.KAPLAN_MEIER),
        (0, 4, Estimator.NONE),
        (0, 0, Estimator.NONE),
    ],
)
def test_the_share_below_detection_chooses_the_estimator(detects, nondetects, chosen):
    found = censored.estimator(np.array([detects]), np.array([nondetects]))

    assert found.tolist() == [chosen]


def test_series_of_different_lengths_are_estimated_together():
    nan = math.nan
    values = np.array([[1.0, 3.0, nan, nan], [2.0, 4.0, 6.0, 1.0], [1.0, 1.0, nan, nan]])
    is_below = np.array([[False] * 4, [False, False, False, True], [False, True, False, False]])

    means, estimators = censored.mean(values, is_below)
    assert means[:2] == pytest.approx([2.0, product_limit([2.0, 4.0, 6.0], [1.0])])
    assert math.isnan(means[2])
    assert estimators.tolist() == ["ordinary", "kaplan_meier", "none"]


def test_a_zero_cannot_be_regressed_on():
    means, estimators = censored.mean(*one([0.0, 1.0, 2.0], [1.0] * 4))

    assert math.isnan(means[0])
    assert estimators[0] == Estimator.NONE


def test_no_series_have_no_means():
    means, _ = censored.mean(np.empty((0, 0)), np.empty((0, 0), dtype=bool))

    assert means.shape == (0,)
    empty = censored.kaplan_meier_mean(np.full((1, 2), np.nan), np.zeros((1, 2), dtype=bool))
    assert math.isnan(empty[0])
