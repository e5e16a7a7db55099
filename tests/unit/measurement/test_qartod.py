"""The tests beside neighbours: the library's rules as the domain states them, and whose neighbours.

Wherever a bound is compared, both sides of it are tried.
"""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import polars as pl
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from kembar_shared.measurement import qartod, qc
from kembar_shared.measurement.catalogue import (
    Catalogue,
    Checks,
    Flat,
    Parameter,
    Relation,
    Season,
    Span,
    Threshold,
)

MINUTE_US = 60_000_000
HOUR_US = 60 * MINUTE_US
DAY_US = 24 * HOUR_US
MONDAY_US = 4 * DAY_US  # 1970-01-05
NAN = np.nan


def parameter(**checks):
    return Parameter("x", {}, "u", (), "PT1H", checks=Checks(**checks))


def flags_of(values, hours=None, spans=60, zone="UTC", **checks):
    values = np.array(values, float)
    hours = np.arange(values.size) if hours is None else np.array(hours, float)
    time_us = MONDAY_US + np.round(hours * HOUR_US).astype(np.int64)
    spans = np.broadcast_to(np.array(spans, np.int16), values.shape)
    found = qartod.neighbours(values, time_us, spans, parameter(**checks), zone)
    return {name: flags.tolist() for name, flags in found.items()}


def test_the_worked_example_of_the_gross_range():
    values = np.array([5, 10, 15, 20, 25, 30, 35, 40, 45, 51], float)

    flags = qartod.gross_range(values, Span(10, 50), Span(20, 40))

    assert flags.tolist() == [4, 3, 3, 1, 1, 1, 1, 1, 3, 4]


BOUND = st.none() | st.integers(-20, 20)


@given(st.lists(st.integers(-25, 25), min_size=1, max_size=20), BOUND, BOUND, BOUND, BOUND)
@settings(max_examples=50, deadline=None)
def test_the_gross_range_is_that_of_ingestion(values, least, most, low, high):
    fail = None if least is None and most is None else Span(least, most)
    suspect = None if low is None and high is None else Span(low, high)
    ends = [end for end in (least, low, high, most) if end is not None]
    assume(ends == sorted(ends))
    known = Parameter("x", {}, "u", (), "PT1H", fail=fail, suspect=suspect)
    column = pl.Series(values, dtype=pl.Float64)
    at_once = qc.gross_range(pl.Series([0] * len(values)), column, Catalogue("test", (known,)))

    assert qartod.gross_range(column.to_numpy(), fail, suspect).tolist() == at_once.to_list()


@pytest.mark.parametrize(
    ("middle", "flag"), [(1.0, 1), (4.0, 1), (4.001, 3), (-2.001, 3), (6.0, 3), (6.001, 4)]
)
def test_a_spike_is_further_from_the_mean_of_its_neighbours_than_the_threshold(middle, flag):
    flags = qartod.spike(np.array([0.0, middle, 2.0]), Threshold(3.0, 5.0))

    assert flags.tolist() == [2, flag, 2]


def test_a_spike_needs_both_neighbours_and_costs_them_their_flags_if_it_is_big():
    flags = qartod.spike(np.array([1, 1, 9, 1, 1, NAN, 1, 1, 1]), Threshold(3.0, 5.0))

    assert flags.tolist() == [2, 3, 4, 3, 2, 2, 2, 1, 2]
    assert qartod.spike(np.array([1.0]), Threshold(3.0)).tolist() == [2]
    assert qartod.spike(np.array([]), Threshold(3.0)).tolist() == []


@pytest.mark.parametrize(("second", "flag"), [(6.0, 1), (6.001, 3), (-10.0, 3), (-10.001, 4)])
def test_a_rate_is_told_from_its_threshold_in_either_direction(second, flag):
    # 2 hours apart: 3 and 5 an hour
    time_us = np.array([0, 2 * HOUR_US])

    flags = qartod.rate_of_change(np.array([0.0, second]), time_us, Threshold(3.0, 5.0))

    assert flags.tolist() == [1, flag]


def test_a_rate_needs_the_value_before_and_a_minute():
    values = np.array([1.0, NAN, 9.0, 1.0])
    time_us = np.array([0, HOUR_US, 2 * HOUR_US, 2 * HOUR_US + MINUTE_US - 1])

    assert qartod.rate_of_change(values, time_us, Threshold(3.0)).tolist() == [1, 2, 1, 2]


@pytest.mark.parametrize(
    ("n", "flags"),
    # 3 and 6 hours: windows of 4 and 7 hourly values
    [(3, [1] * 3), (4, [1] * 3 + [3]), (6, [1] * 3 + [3] * 3), (7, [1] * 3 + [3] * 3 + [4])],
)
def test_a_line_is_flat_once_a_whole_window_is(n, flags):
    assert qartod.flat_line(np.ones(n), 60, Flat(0.1, 180, 360)).tolist() == flags


def test_a_line_that_moves_by_the_tolerance_is_not_flat():
    moving = np.array([0.0, 0.125, 0.0, 0.0])

    assert qartod.flat_line(moving, 60, Flat(0.125, 180)).tolist() == [1, 1, 1, 1]
    assert qartod.flat_line(moving, 60, Flat(0.126, 180)).tolist() == [1, 1, 1, 3]


def test_a_time_of_less_than_two_steps_is_no_line():
    assert qartod.flat_line(np.ones(9), 60, Flat(0.1, 119)).tolist() == [1] * 9


def test_a_long_line_is_tested_piece_by_piece_as_a_whole(monkeypatch):
    values = np.round(np.sin(np.arange(400) / 9.0), 1)
    whole = qartod.flat_line(values, 60, Flat(0.15, 240, 600))
    monkeypatch.setattr(qartod, "_CELLS", 1)

    assert {*whole.tolist()} == {1, 3}
    assert qartod.flat_line(values, 60, Flat(0.15, 240, 600)).tolist() == whole.tolist()


def test_a_season_says_what_is_usual_in_its_months():
    wet = Season((11, 12, 1), Span(2.0, 6.0), Span(0.0, 8.0))
    january, april = np.array([5, 100]) * DAY_US
    values = np.array([2.0, 1.999, -0.001, 8.001, 6.001, NAN, 3.0])
    instants = np.array([january] * 6 + [april])

    assert qartod.climatology(values, instants, (wet,)).tolist() == [1, 3, 4, 4, 3, 2, 2]


def test_a_month_begins_by_the_stations_clock():
    # 17:00 UTC on 31 January is midnight in Jakarta.
    january_us = 31 * DAY_US - 7 * HOUR_US - MONDAY_US
    hours = np.array([january_us - HOUR_US, january_us]) / HOUR_US
    usual = (Season((2,), Span(0.0, 1.0)),)

    found = flags_of([5.0, 5.0], hours, zone="Asia/Jakarta", seasons=usual)

    assert found == {"climatology": [2, 3]}


def test_without_a_threshold_nothing_is_flags_of():
    assert flags_of([1, 99, 1]) == {}


def test_across_a_gap_nothing_is_compared():
    values, hours = [1, 1, 9, 9, 9], [0, 1, 2.51, 3.5, 5]
    found = flags_of(values, hours, spike=Threshold(3.0), rate=Threshold(1.0))

    assert found == {"spike": [2, 2, 2, 1, 2], "rate_of_change": [1, 1, 1, 1, 1]}
    assert flags_of(values, [0, 1, 2.5, 3.5, 5], rate=Threshold(1.0)) == {
        "rate_of_change": [1, 1, 3, 1, 1]
    }


def test_values_that_stand_for_different_times_are_not_compared():
    found = flags_of(
        [1, 1, 9, 1, 9, 1], [0, 1, 1.5, 2, 2.5, 3], [60, 60, 1440, 60, -1, 60], spike=Threshold(3.0)
    )

    assert found == {"spike": [2, 1, 2, 1, 2, 2]}


def test_a_flat_line_ends_at_a_gap_and_where_the_rhythm_changes():
    hours = [0, 1, 2, 3, 4, 9, 10, 11, 12]
    flat = Flat(0.1, 180)

    assert flags_of(np.ones(9), hours, flat=flat)["flat_line"] == [1, 1, 1, 3, 3, 1, 1, 1, 3]
    # every 10 minutes at first, then every hour; then the last of them is missing
    hours = np.cumsum([0, *[1 / 6] * 18, 1, 1, 1, 9])
    found = flags_of(np.ones(23), hours, spans=60, flat=flat)["flat_line"]
    assert found == [1] * 18 + [3] + [1, 1, 3] + [1]


@pytest.mark.parametrize(("late", "flag"), [(7 / 60, 3), (-7 / 60, 3), (-0.6, 1)])
def test_a_flat_line_may_come_a_little_early_or_late(late, flag):
    assert flags_of(np.ones(4), [0, 1 + late, 2, 3], flat=Flat(0.1, 180))["flat_line"][-1] == flag


def test_a_flat_line_ends_at_a_value_that_is_not_there():
    values = np.ones(8)
    values[3] = NAN

    assert flags_of(values, flat=Flat(0.1, 180))["flat_line"] == [1, 1, 1, 2, 1, 1, 1, 3]


WEEKS = 6
MASSES = np.tile([900.0, 500, 500, 500, 500, 500, 0], WEEKS)
DAYS = np.arange(7 * WEEKS) * 24.0


def test_waste_is_compared_with_the_same_weekday():
    rate, flat = Threshold(100.0), Flat(1.0, 28 * 1440)
    jakarta = DAYS - 7.0

    by_day = flags_of(MASSES, jakarta, 1440, "Asia/Jakarta", rate=Threshold(100.0 / 24))
    by_week = flags_of(
        MASSES, jakarta, 1440, "Asia/Jakarta", rate=rate, flat=flat, weekly=True, rest=0.0
    )

    assert by_day["rate_of_change"].count(3) == 3 * WEEKS - 1
    assert by_week["rate_of_change"] == [1] * 7 * WEEKS
    # After four weeks the same masses again and again are nobody's weighings; rest is rest.
    assert by_week["flat_line"] == [1] * 28 + [3, 3, 3, 3, 3, 3, 1] * 2


def test_a_monday_unlike_other_mondays_is_suspect():
    masses = MASSES.copy()
    masses[14], masses[20] = 500, 900

    found = flags_of(masses, DAYS, 1440, rate=Threshold(399.0), spike=Threshold(500.0), weekly=True)

    odd = [n for n, flag in enumerate(found["rate_of_change"]) if flag == 3]
    assert odd == [14, 20, 21, 27]
    assert [n for n, flag in enumerate(found["spike"]) if flag == 3] == [20]


def test_a_week_without_its_monday_is_a_gap():
    masses, days = np.delete(MASSES, 14), np.delete(DAYS, 14)
    masses[20] = 90_000

    found = flags_of(masses, days, 1440, rate=Threshold(100.0), weekly=True)

    assert found["rate_of_change"][20] == 1
    assert flags_of(masses, days, 60, rate=Threshold(100.0), weekly=True)["rate_of_change"][20] == 2


def test_a_relation_makes_all_that_take_part_suspect():
    relation = Relation("bod_above_cod", ("bod", "cod"), lambda of, _: of["cod"] < of["bod"])
    values = {"bod": np.array([3.0, 3.0, NAN, 3.0]), "cod": np.array([3.0, 2.999, 1.0, NAN])}

    assert qartod.related(relation, values, 0.0).tolist() == [1, 3, 2, 2]


def test_the_worst_flag_counts_and_what_was_evaluated_before_what_was_not():
    order = [9, 2, 1, 3, 4]
    pairs = [(a, b) for a in range(5) for b in range(5)]
    first = np.array([order[a] for a, _ in pairs], np.uint8)
    second = np.array([order[b] for _, b in pairs], np.uint8)

    assert qartod.worst([first, second]).tolist() == [order[max(pair)] for pair in pairs]


CHECKS = {"spike": Threshold(2.0, 4.0), "rate": Threshold(2.0, 4.0), "flat": Flat(0.5, 180, 360)}
VALUES = st.sampled_from([0.0, 0.0, 0.0, 1.0, 3.0, 9.0, NAN])
STEPS = st.sampled_from([1.0, 1.0, 1.0, 0.5, 1.1, 0.01, 3.0])


@given(st.lists(st.tuples(VALUES, STEPS), min_size=2, max_size=60), st.data())
@settings(max_examples=50, deadline=None)
def test_what_lies_beyond_the_reach_changes_no_flag(rows, data):
    values, steps = np.array(rows).T
    time_us = np.round(np.cumsum(steps) * HOUR_US).astype(np.int64)
    spans = np.full(values.size, 60, np.int16)
    known = parameter(**CHECKS)
    # What stands for an hour sees an hour and a half to either side, and how long it was flat.
    reach_us = round(max(1.5 * 60, 2.5 * 360)) * MINUTE_US
    begin, end = sorted(data.draw(st.tuples(*[st.integers(0, values.size - 1)] * 2)))
    seen = (time_us >= time_us[begin] - reach_us) & (time_us <= time_us[end] + reach_us)
    whole = qartod.neighbours(values, time_us, spans, known, "UTC")
    part = qartod.neighbours(values[seen], time_us[seen], spans[seen], known, "UTC")
    own = (time_us >= time_us[begin]) & (time_us <= time_us[end])

    assert qartod.reach_us(known.checks) >= reach_us
    for name, flags in whole.items():
        assert part[name][own[seen]].tolist() == flags[own].tolist(), name


def test_what_answers_requests_loads_no_library_of_checks():
    code = (
        "import sys, kembar_water.app, kembar_water.__main__; "
        "print(sorted({'ioos_qc', 'pandas', 'xarray'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)

    assert done.stdout.decode().strip() == "[]"
