"""Days and hours as arrays: codes become numbers, values below detection half their limit."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import numpy as np
import polars as pl

from kembar_air.indicators import rules
from kembar_air.indices.grid import Grid, lay_out_hours
from kembar_air.standards import completeness
from kembar_shared.measurement.vocabulary import Grain

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from kembar_shared.measurement.standards import Standards

    Floats = npt.NDArray[np.float64]
    Integers = npt.NDArray[np.int64]
    Mask = npt.NDArray[np.bool_]

DECIMALS: Final = 6
"""Adding up 24 hours of 55.4 gives a hair more, and with it another category."""

HOURS_A_DAY: Final = 24.0
MEAN_INDEX: Final = "mean_24h:{}"
"""What the index is called by which the means of days of a parameter are kept."""

_US_AN_HOUR: Final = 3_600_000_000
_HAIR: Final = 1e-9
_STRIDE: Final = 10_000_000


@dataclass(frozen=True, slots=True)
class DayValues:
    """What was reported of single days, one element per station, parameter and day.

    Attributes:
        stations: Codes, sorted.
        station: Position in *stations*.
        parameter: Position among the parameters asked for.
        day: Local day as days since 1970-01-01.
        mean: Of the day, in µg/m³; NaN where nothing has a number.
        hours: How many hours of the day values stand for; once they are counted, the valid ones.
        is_hourly: Whether the values stand for an hour or less.
        beyond: Whether any value lies above the instrument's range.
        n: Values with a number.
        n_below: Values below detection.
        below_limit: Highest limit of detection they lie below; NaN: none.
        doubt: By how much the mean may be off for that; 0: by nothing.
    """

    stations: tuple[str, ...]
    station: Integers
    parameter: Integers
    day: Integers
    mean: Floats
    hours: Floats
    is_hourly: Mask
    beyond: Mask
    n: Integers
    n_below: Integers
    below_limit: Floats
    doubt: Floats

    def sufficient(self, least_hours: float | Floats) -> Mask:
        """Say which days have at least so many hours."""
        return np.asarray(self.hours >= np.asarray(least_hours) - _HAIR)

    def has_mean(self, least_hours: float | Floats) -> Mask:
        """Say of which days there is a mean.

        Of values above the instrument's range, or mostly below what it can detect, there is none
        (domain rules, B6).
        """
        return (
            self.sufficient(least_hours)
            & ~self.beyond
            & (self.n_below <= self.n)
            & (self.n + self.n_below > 0)
        )


def day_values(
    days: pl.DataFrame, parameters: Sequence[str], grain: Grain = Grain.DAY
) -> DayValues:
    """Return what *days* (`DAYS_SCHEMA`) report of these parameters by this grain."""
    chosen = days.filter(
        (pl.col("grain") == grain.value)
        & pl.col("parameter").is_in(list(parameters))
        & (pl.col("n") + pl.col("n_below") + pl.col("n_above") > 0)
    )
    stations = tuple(chosen["station"].unique().sort().to_list())
    n = _integers(chosen["n"])
    n_below = _integers(chosen["n_below"])
    limit = chosen["below_limit"].to_numpy()
    low, high = (chosen[name].fill_null(float("nan")).to_numpy() for name in ("low", "high"))
    return DayValues(
        stations=stations,
        station=positions(chosen["station"], stations),
        parameter=positions(chosen["parameter"], parameters),
        day=_integers(chosen["period"].to_physical()),
        mean=np.round((low + high) / 2.0, DECIMALS),
        hours=chosen["covered"].to_numpy() * HOURS_A_DAY,
        is_hourly=chosen["expected"].to_numpy() >= HOURS_A_DAY - _HAIR,
        beyond=chosen["n_above"].to_numpy() > 0,
        n=n,
        n_below=n_below,
        below_limit=np.where(n_below > 0, limit, np.nan),
        doubt=np.nan_to_num((high - low) / 2.0),
    )


def with_valid_hours(
    values: DayValues, hours: pl.DataFrame, parameters: Sequence[str], standards: Standards
) -> DayValues:
    """Count the valid hours of the days that are made of hours.

    Minutes scattered over a day make no hours of it.

    Args:
        values: Of days.
        hours: `HOURS_SCHEMA`.
        parameters: As *values* counts them.
        standards: In which is said how much of an hour has to be measured.
    """
    chosen = hours.filter(
        pl.col("parameter").is_in(list(parameters)) & pl.col("station").is_in(list(values.stations))
    )
    if chosen.is_empty():
        return values
    day = _integers(chosen["day"].to_physical())
    series = positions(chosen["station"], values.stations) * len(parameters) + positions(
        chosen["parameter"], parameters
    )
    key = (values.station * len(parameters) + values.parameter) * _STRIDE + values.day
    row, ours = _places(key, series * _STRIDE + day)
    least = rules.by_day(standards, completeness.EU_2008_50, "hour", "least_share", day)
    valid = ours & (chosen["covered"].to_numpy() >= least - _HAIR)
    count = np.bincount(row[valid], minlength=len(key))
    has_hours = np.bincount(row[ours], minlength=len(key)) > 0
    counted = np.minimum(values.hours, count)
    return replace(values, hours=np.where(has_hours & values.is_hourly, counted, values.hours))


def as_judged(values: DayValues, indices: pl.DataFrame, parameters: Sequence[str]) -> DayValues:
    """Take the valid hours of days from what the days' means are kept with; none of all others.

    Args:
        values: Of days.
        indices: `INDEX_SCHEMA`, with the means of days among it.
        parameters: As *values* counts them.
    """
    names = [MEAN_INDEX.format(code) for code in parameters]
    chosen = indices.filter(
        pl.col("index").is_in(names) & pl.col("station").is_in(list(values.stations))
    )
    hours = np.zeros(len(values.day))
    if not chosen.is_empty():
        series = positions(chosen["station"], values.stations) * len(parameters) + positions(
            chosen["index"], names
        )
        key = (values.station * len(parameters) + values.parameter) * _STRIDE + values.day
        row, ours = _places(key, series * _STRIDE + _integers(chosen["period"].to_physical()))
        kept = chosen["detail"].str.json_path_match("$.hours").cast(pl.Float64).to_numpy()
        hours[row[ours]] = kept[ours]
    return replace(values, hours=hours)


def _places(known: Integers, wanted: Integers) -> tuple[Integers, Mask]:
    """Return where each of the keys *wanted* stands among the *known*, and whether it does."""
    order = np.argsort(known)
    place = np.searchsorted(known[order], wanted)
    row = order[np.minimum(place, len(known) - 1)]
    return row, np.asarray(known[row] == wanted)


@dataclass(frozen=True, slots=True)
class Hours:
    """Hours laid out, and which station and parameter each row is.

    Attributes:
        stations: Codes, sorted.
        parameters: Codes.
        grid: One row per pair of them that was reported.
        parameter: Shape (rows,), position in *parameters*.
        offset_us: Microseconds by which the stations' hours begin later than UTC's.
    """

    stations: tuple[str, ...]
    parameters: tuple[str, ...]
    grid: Grid
    parameter: Integers
    offset_us: Integers

    def of(self, parameters: Sequence[str]) -> tuple[Integers, Grid]:
        """Return the positions in *parameters* of the rows that are among them, and these rows."""
        place = np.array(
            [parameters.index(code) if code in parameters else -1 for code in self.parameters],
            dtype=np.int64,
        )
        rows = np.flatnonzero(place[self.parameter] >= 0)
        return place[self.parameter[rows]], self.grid.take(rows)


def lay_out(hours: pl.DataFrame, parameters: Sequence[str], standards: Standards) -> Hours | None:
    """Lay out the hours (`HOURS_SCHEMA`) of these parameters; None where there are none.

    An hour is valid whose values stand for enough of it and lie within the range.
    """
    chosen = hours.filter(pl.col("parameter").is_in(list(parameters)))
    if chosen.is_empty():
        return None
    stations = tuple(chosen["station"].unique().sort().to_list())
    station = positions(chosen["station"], stations)
    parameter = positions(chosen["parameter"], parameters)
    row_of = np.full(len(stations) * len(parameters), -1, dtype=np.int64)
    pair = station * len(parameters) + parameter
    row_of[pair] = 0
    pairs = np.flatnonzero(row_of == 0)
    row_of[pairs] = np.arange(len(pairs))
    start = _integers(chosen["start"].to_physical())
    offset = np.zeros(len(stations), dtype=np.int64)
    offset[station] = start % _US_AN_HOUR
    beyond = chosen["n_above"].to_numpy() > 0
    day = _integers(chosen["day"].to_physical())
    least = rules.by_day(standards, completeness.EU_2008_50, "hour", "least_share", day)
    valid = (chosen["covered"].to_numpy() >= least - _HAIR) & ~beyond
    value = chosen["value"].to_numpy()
    laid = lay_out_hours(
        row_of[pair],
        pairs // len(parameters),
        start // _US_AN_HOUR,
        day,
        _integers(chosen["hour"]),
        np.where(valid, value, np.nan),
        beyond,
        valid & (chosen["n_below"].to_numpy() > 0),
    )
    return Hours(stations, tuple(parameters), laid, pairs % len(parameters), offset)


def positions(words: pl.Series, known: Sequence[str]) -> Integers:
    """Return the position of each word among the known ones."""
    return _integers(words.cast(pl.Enum(known)).to_physical())


def dates(days: Integers) -> pl.Series:
    """Return days since 1970-01-01 as dates."""
    return pl.Series(days.astype(np.int32)).cast(pl.Date)


def _integers(series: pl.Series) -> Integers:
    return series.to_numpy().astype(np.int64)
