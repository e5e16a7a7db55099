"""QARTOD's tests of values beside their neighbours: arrays in, flags out.

The tests themselves are those of ioos_qc; what stands here says which values are neighbours. It
brings pandas along, so whoever answers requests never imports it.

Flags are `Flag` codes in arrays of `uint8`. Values are NaN where there is none, or none that may
stand beside another; they get NOT_EVALUATED.

Source:
    IOOS QARTOD manuals, as implemented by ioos_qc 3.0; domain rules, section D.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt
import polars as pl
from ioos_qc import qartod

from kembar_shared.measurement.vocabulary import Flag

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from kembar_shared.measurement.catalogue import (
        Checks,
        Flat,
        Parameter,
        Relation,
        Season,
        Span,
        Threshold,
    )

Floats = npt.NDArray[np.float64]
Instants = npt.NDArray[np.int64]
Flags = npt.NDArray[np.uint8]
Mask = npt.NDArray[np.bool_]

_MINUTE_US: Final = 60_000_000
_DAY_MIN: Final = 1440
_WEEK: Final = 7
_WEEK_S: Final = 7 * 86_400.0
_HOUR_S: Final = 3600.0

_MISSED: Final = 1.5
"""Values further apart than so many times what one stands for have a gap between them."""

_STEPS_MIN: Final = np.array(
    [1, 2, 3, 5, 10, 15, 20, 30, 60, 120, 180, 240, 360, 720, 1440, 2880, 4320, 10080]
)
"""Intervals at which instruments write, in minutes."""

_EARLY: Final = 1.15
"""By how much a value may come early and still be taken for the regular one."""

_LATE: Final = 2.5
"""By how much the longest interval of a step exceeds it."""

_CELLS: Final = 4_000_000
"""Most cells of the windows that the test of flat lines lays side by side."""

_NEVER_S: Final = 10**9


def gross_range(values: Floats, fail: Span | None, suspect: Span | None) -> Flags:
    """Flag values outside what is possible (FAIL) or plausible (SUSPECT); bounds are inside.

    Args:
        values: Shape (n,), in the unit of the spans.
        fail: What is possible.
        suspect: What is plausible.

    Returns:
        Shape (n,); NOT_EVALUATED where both spans are absent.
    """
    if fail is None and suspect is None:
        return _not_evaluated(values.size)
    least, most = _bounds(fail)
    # An end that is open reaches as far as what is possible.
    plausible = tuple(min(max(end, least), most) for end in _bounds(suspect))
    return _known(qartod.gross_range_test(values, (least, most), plausible), values)


def spike(values: Floats, threshold: Threshold) -> Flags:
    """Flag values far from the mean of the value before and the one after.

    Args:
        values: Shape (n,), one after the other; NaN where a neighbour is missing.
        threshold: In the values' unit, exclusive.

    Returns:
        Shape (n,); NOT_EVALUATED at either end and beside a NaN.
    """
    if values.size == 0:
        return _not_evaluated(0)
    flags = qartod.spike_test(values, threshold.suspect, threshold.fail)
    return _known(flags, values)


def rate_of_change(
    values: Floats, time_us: Instants, threshold: Threshold, *, per_s: float = _HOUR_S
) -> Flags:
    """Flag values that changed too fast since the one before.

    Args:
        values: Shape (n,), one after the other; NaN where a value is missing.
        time_us: Shape (n,), their instants, ascending, in microseconds.
        threshold: In the values' unit in *per_s* seconds, exclusive.
        per_s: That time.

    Returns:
        Shape (n,); GOOD without a value before, NOT_EVALUATED within a minute of it.
    """
    if values.size == 0:
        return _not_evaluated(0)
    fail = None if threshold.fail is None else threshold.fail / per_s
    instants = time_us.astype("datetime64[us]")
    flags = _known(
        qartod.rate_of_change_test(values, instants, threshold.suspect / per_s, fail), values
    )
    # The library counts whole seconds.
    flags[1:][np.diff(time_us) < _MINUTE_US] = Flag.NOT_EVALUATED
    is_first = np.isnan(np.roll(values, 1))
    is_first[0] = True
    flags[is_first] = Flag.GOOD
    flags[np.isnan(values)] = Flag.NOT_EVALUATED
    return flags


def flat_line(values: Floats, step_min: int, flat: Flat) -> Flags:
    """Flag values that end a time in which none of them differed.

    Args:
        values: Shape (n,), regular and without NaN.
        step_min: Minutes from one to the next.
        flat: How little they may differ, exclusive, and for how long. A time of less than two
            steps is not tested.

    Returns:
        Shape (n,); GOOD until the first such time is over.
    """
    flags = np.full(values.size, Flag.GOOD, np.uint8)
    suspect = flat.suspect_min if flat.suspect_min >= 2 * step_min else 0
    fail = flat.fail_min if flat.fail_min and flat.fail_min >= 2 * step_min else 0
    longest = max(suspect, fail) // step_min
    if longest == 0:
        return flags
    piece = max(2 * longest, _CELLS // longest)
    for begin in range(0, max(values.size - longest, 1), piece - longest):
        part = values[begin : begin + piece]
        instants = (np.arange(part.size) * step_min).astype("datetime64[m]")
        found = qartod.flat_line_test(
            part, instants, suspect * 60 or _NEVER_S, fail * 60 or _NEVER_S, flat.tolerance
        )
        fresh = 0 if begin == 0 else longest
        flags[begin + fresh : begin + piece] = found[fresh:]
    return flags


def climatology(values: Floats, local_us: Instants, seasons: Sequence[Season]) -> Flags:
    """Flag values outside what is usual in their season.

    Args:
        values: Shape (n,).
        local_us: Shape (n,), their instants on the station's clock, in microseconds.
        seasons: What is usual, in the values' unit; bounds are inside.

    Returns:
        Shape (n,); NOT_EVALUATED in a month that no season has.
    """
    usual = qartod.ClimatologyConfig()
    for season in seasons:
        for month in season.months:
            usual.add(
                tspan=(month, month),
                vspan=_bounds(season.suspect),
                fspan=_bounds(season.fail),
                period="month",
            )
    if values.size == 0:
        return _not_evaluated(0)
    depths = np.full(values.size, np.nan)
    instants = local_us.astype("datetime64[us]")
    return _known(qartod.climatology_test(usual, values, instants, depths), values)


def related(relation: Relation, values: Mapping[str, Floats], altitude_m: float) -> Flags:
    """Flag values that contradict others measured at the same time.

    Args:
        relation: What they have to do with each other.
        values: Each of its parameters -> shape (n,), in the parameter's unit.
        altitude_m: The station's altitude.

    Returns:
        Shape (n,); SUSPECT where it is broken, NOT_EVALUATED where one of them is NaN.
    """
    columns = {code: values[code] for code in relation.parameters}
    is_whole = ~np.isnan(np.stack(list(columns.values()))).any(axis=0)
    flags = _not_evaluated(is_whole.size)
    broken = relation.broken({c: column[is_whole] for c, column in columns.items()}, altitude_m)
    flags[is_whole] = np.where(broken, Flag.SUSPECT, Flag.GOOD)
    return flags


def worst(flags: Sequence[Flags]) -> Flags:
    """Return the worst flag of each value, by `9 < 2 < 1 < 3 < 4`.

    Args:
        flags: At least one array of shape (n,).
    """
    found: Flags = np.asarray(qartod.qartod_compare(list(flags)), np.uint8)
    return found


def reach_us(checks: Checks) -> int:
    """Return how far from a value others lie that its tests look at, in microseconds."""
    step_min = _DAY_MIN * (_WEEK if checks.weekly else 1)
    flat_min = 0 if checks.flat is None else max(checks.flat.suspect_min, checks.flat.fail_min or 0)
    return round(max(_MISSED * step_min, _LATE * flat_min) * _MINUTE_US)


def neighbours(
    values: Floats, time_us: Instants, span_min: npt.NDArray[np.int16], parameter: Parameter,
    zone: str,
) -> dict[str, Flags]:  # fmt: skip
    """Test values of one series beside each other.

    Values that stand for different times are never compared, nor are those that stand for months
    or years; across a gap nothing is.

    Args:
        values: Shape (n,), in the parameter's unit; NaN where there is none that may be compared.
        time_us: Shape (n,), their instants, ascending, in microseconds since 1970 UTC.
        span_min: Shape (n,), what each stands for, in minutes; negative: in months.
        parameter: Whose values they are.
        zone: Time zone of the station.

    Returns:
        Name of each test that has a threshold -> flags of shape (n,).
    """
    checks = parameter.checks
    local_us = _local_us(time_us, zone)
    found: dict[str, Flags] = {}
    if checks.seasons:
        found["climatology"] = climatology(values, local_us, checks.seasons)
    wanted = {"spike": checks.spike, "rate_of_change": checks.rate, "flat_line": checks.flat}
    tests = [name for name, threshold in wanted.items() if threshold is not None]
    found |= {name: _not_evaluated(values.size) for name in tests}
    for places, step_min in _streams(local_us, span_min, checks) if tests else ():
        flags = _tested(values[places], time_us[places], step_min, checks)
        for name in tests:
            found[name][places] = flags[name]
    return found


def _tested(values: Floats, time_us: Instants, step_min: int, checks: Checks) -> dict[str, Flags]:
    """Test a stream of values, one of which should follow the other after *step_min* minutes."""
    interval_us = np.diff(time_us)
    gaps = np.flatnonzero(interval_us > _MISSED * step_min * _MINUTE_US) + 1
    # A value that is not there stands in each gap, so that nothing is compared across it.
    apart = np.insert(values, gaps, np.nan)
    instants = np.insert(time_us, gaps, time_us[gaps] - _MINUTE_US)
    is_own = np.ones(apart.size, bool)
    is_own[gaps + np.arange(gaps.size)] = False
    found: dict[str, Flags] = {}
    if checks.spike is not None:
        found["spike"] = spike(apart, checks.spike)[is_own]
    if checks.rate is not None:
        per_s = _WEEK_S if checks.weekly else _HOUR_S
        found["rate_of_change"] = rate_of_change(apart, instants, checks.rate, per_s=per_s)[is_own]
    if checks.flat is not None:
        found["flat_line"] = _flat(values, interval_us, gaps, checks.flat, checks.rest)
    return found


def _flat(
    values: Floats, interval_us: Instants, gaps: Instants, flat: Flat, rest: float | None
) -> Flags:
    """Test each stretch of regular values for being flat."""
    flags = np.full(values.size, Flag.GOOD, np.uint8)
    flags[np.isnan(values)] = Flag.NOT_EVALUATED
    place = np.searchsorted(_STEPS_MIN, interval_us * (_EARLY / _MINUTE_US), side="right") - 1
    step_min = np.where(place < 0, 0, _STEPS_MIN[place])
    is_out = np.isnan(values) | (values == (np.nan if rest is None else rest))
    step_min[is_out[1:] | is_out[:-1]] = 0
    step_min[gaps - 1] = 0
    begins = np.flatnonzero(np.diff(step_min, prepend=-1))
    ends = np.append(begins, step_min.size)[1:]
    for begin, end in zip(begins.tolist(), ends.tolist(), strict=True):
        if step_min[begin] > 0 and end - begin > 1:
            stretch = flat_line(values[begin : end + 1], int(step_min[begin]), flat)
            # Its first value ends the stretch before.
            flags[begin + 1 : end + 1] = stretch[1:]
    return flags


def _streams(
    local_us: Instants, span_min: npt.NDArray[np.int16], checks: Checks
) -> Iterator[tuple[Instants, int]]:
    """Yield the places of values that are compared with each other, and their step in minutes."""
    for span in np.unique(span_min[span_min > 0]).tolist():
        if not checks.weekly:
            yield np.flatnonzero(span_min == span), span
        elif span == _DAY_MIN:
            # 1970-01-01 was a Thursday; which number a weekday has does not matter.
            weekday = local_us // (_DAY_MIN * _MINUTE_US) % _WEEK
            for day in range(_WEEK):
                places = np.flatnonzero((span_min == span) & (weekday == day))
                if places.size:
                    yield places, span * _WEEK


def _local_us(time_us: Instants, zone: str) -> Instants:
    instants = pl.from_epoch(pl.Series(time_us), time_unit="us").dt.replace_time_zone("UTC")
    local = instants.dt.convert_time_zone(zone).dt.replace_time_zone(None)
    return local.dt.epoch("us").to_numpy()


def _bounds(span: Span | None) -> tuple[float, float]:
    """Return a span's bounds; an open one is infinite."""
    low = None if span is None else span.low
    high = None if span is None else span.high
    return -np.inf if low is None else low, np.inf if high is None else high


def _known(flags: npt.ArrayLike, values: Floats) -> Flags:
    """Return a test's flags; a value that is not there was not evaluated."""
    found = np.array(np.ma.getdata(flags), np.uint8)
    found[np.isnan(values)] = Flag.NOT_EVALUATED
    return found


def _not_evaluated(size: int) -> Flags:
    return np.full(size, Flag.NOT_EVALUATED, np.uint8)
