"""Effects of a measure, beside a control and without one."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kembar_gateway.statistics import control, correlation, regression
from kembar_gateway.statistics.control import Design, Obstacle

# Annual flow of the Nile at Aswan, 10^8 m3, 1871 to 1970 (Cobb 1978).
NILE = np.fromstring(
    "1120 1160 963 1210 1160 1160 813 1230 1370 1140 995 935 1110 994 1020 960 1180 799 958 "
    "1140 1100 1210 1150 1250 1260 1220 1030 1100 774 840 874 694 940 833 701 916 692 1020 "
    "1050 969 831 726 456 824 702 1120 1100 832 764 821 768 845 864 862 698 845 744 796 1040 "
    "759 781 865 845 944 984 897 822 1010 771 676 649 846 812 742 801 1040 860 874 848 890 "
    "744 749 838 1050 918 986 797 923 975 815 1020 906 901 1170 912 746 919 718 714 740",
    sep=" ",
)
NILE_YEARS = np.arange(1871.0, 1971.0)
YEARLY = Design(started=2010.0, declared=2009.0, months=12)
MONTHLY = Design(started=2010.0, declared=2010.0, months=1)


def noise(seed: int, count: int):
    return np.random.default_rng(seed).normal(size=count)


def yearly(before: int, after: int):
    times = np.arange(2010.0 - before, 2010.0 + after)
    return times, np.zeros(before + after, dtype=np.int64)


def monthly(before: int, after: int):
    places = np.arange(-before, after)
    return 2010 + places / 12, places % 12


def test_the_nile_at_aswan_as_another_program_fits_it():
    """Expected numbers: statsmodels 0.15.0, OLS with HAC errors, 4 lags, small-sample scale."""
    post = (NILE_YEARS >= 1899) * 1.0
    since = NILE_YEARS - 1899
    found = regression.fit(NILE, np.column_stack([np.ones(100), since, post, since * post]))
    errors = np.sqrt(np.diag(found.covariance))
    step = regression.fit(NILE, np.column_stack([np.ones(100), post]))

    assert (regression.usual_lags(100), found.degrees) == (4, 96)
    np.testing.assert_allclose(
        found.coefficients,
        [1114.5634920634918, 1.1595511767925437, -289.10268536638364, -0.46908876763440777],
    )
    np.testing.assert_allclose(
        errors, [55.90251360376069, 2.6437225201031462, 63.04980366351721, 2.7572859214752996]
    )
    rest = correlation.autocorrelation(NILE - np.where(post, 850.0 - 1 / 36, 1097.75))
    memory = correlation.memory(rest, terms=2)
    assert step.inflation == pytest.approx((1 + memory) / (1 - memory))
    np.testing.assert_allclose(step.coefficients, [1097.75, -247.7777777777778])
    np.testing.assert_allclose(
        np.sqrt(np.diag(step.covariance)), [27.47513761008386, 31.657623867701517]
    )


def test_the_nile_fell_when_the_first_dam_was_begun():
    one_season = np.zeros(100, dtype=np.int64)
    found = control.interrupted_series(
        NILE, NILE_YEARS, one_season, Design(started=1899.0, declared=None, months=12)
    )

    assert (found.before, found.after, found.obstacle) == (28, 72, None)
    assert found.level.value == pytest.approx(-289.10268536638364)
    assert found.slope.value == pytest.approx(-0.46908876763440777)
    assert found.level.upper < 0
    assert found.slope.lower < 0 < found.slope.upper
    assert not found.is_attributable  # no other river stands beside it


def test_a_step_is_found_with_its_interval():
    times, seasons = yearly(12, 12)
    shared = 4 * np.sin(times)
    impact = shared + noise(1, 24) + 3.0 * (times >= 2010)
    found = control.before_after_control_impact(impact, shared, times, seasons, YEARLY)

    assert (found.before, found.after, found.obstacle) == (12, 12, None)
    assert found.level.lower < 3.0 < found.level.upper
    assert found.level.p < 0.001
    assert found.is_attributable
    assert found.drift.p > control.ALPHA


@settings(max_examples=25)
@given(st.lists(st.integers(-50, 50), min_size=24, max_size=24))
def test_what_befalls_both_places_changes_nothing(disturbance):
    times, seasons = yearly(12, 12)
    impact, beside = np.round(8 * noise(2, 24)), np.round(8 * noise(3, 24))
    shared = np.array(disturbance, dtype=np.float64)
    found = control.before_after_control_impact(impact, beside, times, seasons, YEARLY)
    disturbed = control.before_after_control_impact(
        impact + shared, beside + shared, times, seasons, YEARLY
    )

    assert disturbed == found


def test_swapping_the_places_reverses_the_effect():
    times, seasons = yearly(10, 9)
    impact, beside = noise(4, 19), noise(5, 19)
    there = control.before_after_control_impact(impact, beside, times, seasons, YEARLY)
    back = control.before_after_control_impact(beside, impact, times, seasons, YEARLY)

    assert there.level.value == pytest.approx(-back.level.value)
    assert there.level.lower == pytest.approx(-back.level.upper)


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (8, 8, None),
        (7, 8, Obstacle.TOO_FEW_BEFORE),
        (8, 7, Obstacle.TOO_FEW_AFTER),
    ],
)
def test_eight_years_are_needed_on_each_side(before, after, expected):
    times, seasons = yearly(before, after)
    impact, beside = noise(6, len(times)), noise(7, len(times))
    paired = control.before_after_control_impact(impact, beside, times, seasons, YEARLY)
    alone = control.interrupted_series(impact, times, seasons, YEARLY)

    assert (paired.obstacle, alone.obstacle) == (expected, expected)
    assert (paired.level is None) == (alone.level is None) == (expected is not None)


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [(12, 12, None), (11, 12, Obstacle.TOO_FEW_BEFORE), (12, 11, Obstacle.TOO_FEW_AFTER)],
)
def test_twelve_months_are_needed_on_each_side(before, after, expected):
    times, seasons = monthly(before, after)
    impact, beside = noise(8, len(times)), noise(9, len(times))
    found = control.before_after_control_impact(impact, beside, times, seasons, MONTHLY)

    assert found.obstacle is expected


def test_pairs_are_counted_not_values():
    times, seasons = yearly(9, 9)
    impact, beside = noise(10, 18), noise(11, 18)
    impact[1], beside[3] = np.nan, np.nan
    found = control.before_after_control_impact(impact, beside, times, seasons, YEARLY)

    assert (found.before, found.after, found.obstacle) == (7, 9, Obstacle.TOO_FEW_BEFORE)


@pytest.mark.parametrize(
    ("declared", "expected"),
    [(2010.0, None), (2010.1, Obstacle.CONTROL_DECLARED_LATE), (None, "control_declared_late")],
)
def test_a_control_is_named_before_the_measure_begins(declared, expected):
    times, seasons = yearly(10, 10)
    impact, beside = noise(12, 20), noise(13, 20)
    design = replace(YEARLY, declared=declared)
    paired = control.before_after_control_impact(impact, beside, times, seasons, design)
    series = control.interrupted_series(impact, times, seasons, design, control=beside)
    alone = control.interrupted_series(impact, times, seasons, design)

    assert (paired.obstacle, series.obstacle) == (expected, expected)
    assert paired.is_attributable == series.is_attributable == (expected is None)
    assert (alone.obstacle, alone.is_attributable) == (None, False)


def test_a_place_that_already_drifted_away_shows_no_effect():
    times, seasons = yearly(12, 12)
    beside = noise(14, 24)
    impact = beside + 0.5 * (times - 2000) + 0.2 * noise(15, 24)
    found = control.before_after_control_impact(impact, beside, times, seasons, YEARLY)
    bent = control.interrupted_series(impact, times, seasons, YEARLY, control=beside)

    assert (found.obstacle, found.level) == (Obstacle.NOT_PARALLEL_BEFORE, None)
    assert found.drift.value == pytest.approx(0.5, abs=0.1)
    assert not found.is_attributable
    assert bent.level.lower < 0 < bent.level.upper


def test_seasons_that_differ_between_the_sides_are_no_effect():
    # Eighteen months after a rainy half-year too many: only the season makes them differ.
    times, seasons = monthly(24, 18)
    beside = noise(16, 42)
    impact = beside + 6.0 * (seasons >= 6) + 0.3 * noise(17, 42)
    found = control.before_after_control_impact(impact, beside, times, seasons, MONTHLY)

    assert found.level.lower < 0 < found.level.upper
    assert abs(found.level.value) < 0.5


def test_gaps_are_borne():
    times, seasons = monthly(36, 36)
    beside = noise(18, 72)
    impact = beside + noise(19, 72) - 2.0 * (times >= 2010)
    impact[[5, 6, 40, 55]] = np.nan
    found = control.interrupted_series(impact, times, seasons, MONTHLY, control=beside)

    assert (found.before, found.after) == (34, 34)
    assert found.level.lower < -2.0 < found.level.upper
    assert found.is_attributable


def test_one_year_on_each_side_does_not_tell_months_from_slopes_but_wet_and_dry_does():
    times, seasons = monthly(12, 12)
    values = noise(20, 24)
    wet = (seasons < 4) | (seasons > 9)

    by_month = control.interrupted_series(values, times, seasons, MONTHLY)
    by_season = control.interrupted_series(values, times, wet.astype(np.int64), MONTHLY)

    assert (by_month.obstacle, by_month.level) == (Obstacle.NOT_SEPARABLE, None)
    assert by_season.obstacle is None


def test_repeated_numbers_leave_nothing_to_judge_by():
    times, seasons = yearly(10, 10)
    repeated = np.full(20, 3.0) + (times >= 2010)
    found = control.before_after_control_impact(repeated, np.ones(20), times, seasons, YEARLY)

    assert found.obstacle is Obstacle.NOT_SEPARABLE


def test_of_many_pairs_without_effect_few_are_called_one():
    """Two hundred with a true 5 % pass 17 about once in 83 times."""
    times, seasons = monthly(24, 24)
    random, found = np.random.default_rng(21), []
    for _ in range(200):
        impact, beside = random.normal(size=(2, 48))
        for place in range(1, 48):
            impact[place] += 0.2 * impact[place - 1]
        found.append(control.before_after_control_impact(impact, beside, times, seasons, MONTHLY))
    false = sum(one.level is not None and one.level.p < control.ALPHA for one in found)

    assert false <= 17
