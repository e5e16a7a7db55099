"""Whether a series is complete and uniform enough for the word "trend"."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from itertools import groupby
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy as np
    import numpy.typing as npt

    from kembar_gateway.statistics.series import Series

    Mask = npt.NDArray[np.bool_]

LEAST_YEARS: Final = 8
LEAST_YEARS_OF_MONTHS: Final = 5
LEAST_FILLED: Final = 0.80
LONGEST_GAP: Final = 1 / 6
LEAST_FILLED_AT_ENDS: Final = 0.5
MOST_CENSORED: Final = 0.80
LEAST_DETECTED: Final = 3


class Reason(StrEnum):
    """Why a series cannot be assessed."""

    NO_VALUES = "no_values"
    TOO_SHORT = "too_short"
    TOO_SPARSE = "too_sparse"
    GAP = "gap"
    ENDS_UNCOVERED = "ends_uncovered"
    METHOD_CHANGED = "method_changed"
    PARAMETERS_CHANGED = "parameters_changed"
    STATIONS_CHANGED = "stations_changed"
    SEASONS_CHANGED = "seasons_changed"
    LIMIT_UNKNOWN = "limit_unknown"
    ABOVE_RANGE = "above_range"
    MOSTLY_CENSORED = "mostly_censored"


@dataclass(frozen=True, slots=True)
class Refusal:
    """One part of the coverage rule that a series breaks.

    Attributes:
        reason: Which part.
        found, limit: What the series has, and the least or the most that the rule allows.
        details: The periods that it is about, or each label after the period it first has, in
            order of time; of seasons lost or won, their codes.
    """

    reason: Reason
    found: float
    limit: float
    details: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Coverage:
    """How much of its span a series fills.

    Attributes:
        first, last: The span's first and last period; empty for an empty series.
        years: Its length.
        expected, filled: Periods it has, and those with a usable value.
        longest_gap: Periods of the longest run without one.
        provisional: Usable values that may still change.
        censored: Share of the usable values below the highest detection limit, 0 to 1.
    """

    first: str
    last: str
    years: float
    expected: int
    filled: int
    longest_gap: int
    provisional: int
    censored: float


def measure(series: Series, tied: Mask) -> Coverage:
    """Say how much of its span *series* fills; *tied* are the values that count as censored."""
    filled = int(series.filled.sum())
    return Coverage(
        first=str(series.periods[0]) if series.periods else "",
        last=str(series.periods[-1]) if series.periods else "",
        years=len(series.periods) * series.months / 12,
        expected=len(series.periods),
        filled=filled,
        longest_gap=max((stop - start for start, stop in _gaps(series)), default=0),
        provisional=series.provisional,
        censored=int(tied.sum()) / filled if filled else 0.0,
    )


def refusals(series: Series, coverage: Coverage) -> tuple[Refusal, ...]:
    """List what forbids the word "trend" for *series*, the weightiest first; none: it is allowed.

    Source:
        The coverage rule of the domain's section E3. What it calls covered ends is read as half
        of the first and of the last year, and an unchanged season mix as: no season that one half
        of the span has is missing from the other (own conventions).
    """
    if not coverage.filled:
        return (*_unusable(series), Refusal(Reason.NO_VALUES, 0, 1))
    return (
        *_too_little(series, coverage),
        *changed(series),
        *_unusable(series),
        *_mostly_censored(coverage),
    )


def _too_little(series: Series, coverage: Coverage) -> Iterator[Refusal]:
    least_years = LEAST_YEARS_OF_MONTHS if series.months == 1 else LEAST_YEARS
    if coverage.years < least_years:
        yield Refusal(Reason.TOO_SHORT, coverage.years, least_years)
    if (share := coverage.filled / coverage.expected) < LEAST_FILLED:
        yield Refusal(Reason.TOO_SPARSE, share, LEAST_FILLED)
    if (share := coverage.longest_gap / coverage.expected) > LONGEST_GAP:
        start, stop = max(_gaps(series), key=lambda gap: gap[1] - gap[0])
        ends = (str(series.periods[start]), str(series.periods[stop - 1]))
        yield Refusal(Reason.GAP, share, LONGEST_GAP, ends)
    at_ends = series.filled[: series.per_year].mean(), series.filled[-series.per_year :].mean()
    if min(at_ends) < LEAST_FILLED_AT_ENDS:
        end = coverage.first if at_ends[0] <= at_ends[1] else coverage.last
        yield Refusal(Reason.ENDS_UNCOVERED, float(min(at_ends)), LEAST_FILLED_AT_ENDS, (end,))


def changed(series: Series) -> Iterator[Refusal]:
    """Yield what is not the same throughout a series: method, parameters, stations or seasons."""
    labels = {
        Reason.METHOD_CHANGED: [point.method for point in series.points],
        Reason.PARAMETERS_CHANGED: [point.parameter_set for point in series.points],
        Reason.STATIONS_CHANGED: [point.station_set for point in series.points],
        Reason.SEASONS_CHANGED: [point.season_mix for point in series.points],
    }
    for reason, found in labels.items():
        if len(different := tuple(dict.fromkeys(found))) > 1:
            firsts = (series.points[found.index(label)].period for label in different)
            details = tuple(f"{p}: {label}" for p, label in zip(firsts, different, strict=True))
            yield Refusal(reason, len(different), 1, details)
    if lost := _seasons_of_one_half(series):
        yield Refusal(Reason.SEASONS_CHANGED, len(lost), 0, lost)


def _seasons_of_one_half(series: Series) -> tuple[str, ...]:
    """Name the seasons, by code, that have values in one half of the span only."""
    middle = len(series.periods) // 2
    seasons, filled = series.seasons, series.filled
    early, late = (
        set(seasons[half][filled[half]]) for half in (slice(middle), slice(middle, None))
    )
    return tuple(str(season) for season in sorted(early ^ late))


def _unusable(series: Series) -> Iterator[Refusal]:
    if series.unbounded:
        yield Refusal(Reason.LIMIT_UNKNOWN, len(series.unbounded), 0, series.unbounded)
    if series.above:
        yield Refusal(Reason.ABOVE_RANGE, len(series.above), 0, series.above)


def _mostly_censored(coverage: Coverage) -> Iterator[Refusal]:
    detected = round(coverage.filled * (1.0 - coverage.censored))
    if coverage.censored > MOST_CENSORED or (coverage.censored and detected < LEAST_DETECTED):
        yield Refusal(Reason.MOSTLY_CENSORED, coverage.censored, MOST_CENSORED)


def _gaps(series: Series) -> Iterator[tuple[int, int]]:
    """Yield where each run of empty periods starts and stops."""
    place = 0
    for is_filled, run in groupby(series.filled.tolist()):
        length = len(list(run))
        if not is_filled:
            yield place, place + length
        place += length
