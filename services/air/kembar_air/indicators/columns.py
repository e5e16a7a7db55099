"""Days and hours as arrays: codes become numbers, values below detection half their limit."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
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

_HOURS_OF_THE_SHORTEST_DAY: Final = 23.0
_US_AN_HOUR: Final = 3_600_000_000
_HAIR: Final = 1e-9


@dataclass(frozen=True, slots=True)
class DayValues:
    """What was reported of single days, one element per station, parameter and day.

    Attributes:
        stations: Codes, sorted.
        station: Position in *stations*.
        parameter: Position among the parameters asked for.
        day: Local day as days since 1970-01-01.
        mean: Of the day, in µg/m³; NaN where nothing has a number. Once hours are counted, that of
            the valid ones, and so is all that follows.
        hours: How many hours of the day values stand for.
        is_hourly: Whether the values stand for an hour or less.
        beyond: Whether any value lies above the instrument's range.
        n: Values, or valid hours, with a number.
        n_below: Those below detection, or with any value below it.
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

    def only(self, wanted: Sequence[str], known: Sequence[str]) -> DayValues:
        """Return the values of the parameters *wanted* alone, counted as they are there.

        Args:
            wanted: Codes, each of them among *known*.
            known: The parameters as these values count them.
        """
        place = np.full(len(known), -1)
        place[[known.index(code) for code in wanted]] = np.arange(len(wanted))
        kept = place[self.parameter] >= 0
        arrays = {
            field.name: getattr(self, field.name)[kept]
            for field in fields(self)
            if field.name != "stations"
        }
        return replace(self, **arrays | {"parameter": place[arrays["parameter"]]})

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
    n = integers(chosen["n"])
    n_below = integers(chosen["n_below"])
    limit = chosen["below_limit"].to_numpy()
    low, high = (chosen[name].fill_null(float("nan")).to_numpy() for name in ("low", "high"))
    return DayValues(
        stations=stations,
        station=positions(chosen["station"], stations),
        parameter=positions(chosen["parameter"], parameters),
        day=integers(chosen["period"].to_physical()),
        mean=np.round((low + high) / 2.0, DECIMALS),
        hours=chosen["covered"].to_numpy() * HOURS_A_DAY,
        is_hourly=chosen["expected"].to_numpy() >= _HOURS_OF_THE_SHORTEST_DAY - _HAIR,
        beyond=chosen["n_above"].to_numpy() > 0,
        n=n,
        n_below=n_below,
        below_limit=np.where(n_below > 0, limit, np.nan),
        doubt=np.nan_to_num((high - low) / 2.0),
    )


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
    start = integers(chosen["start"].to_physical())
    offset = np.zeros(len(stations), dtype=np.int64)
    offset[station] = start % _US_AN_HOUR
    day = integers(chosen["day"].to_physical())
    valid = is_valid(chosen, day, standards)
    value = chosen["value"].to_numpy()
    laid = lay_out_hours(
        row_of[pair],
        pairs // len(parameters),
        start // _US_AN_HOUR,
        day,
        integers(chosen["hour"]),
        np.where(valid, value, np.nan),
        is_beyond(chosen),
        valid & (chosen["n_below"].to_numpy() > 0),
    )
    return Hours(stations, tuple(parameters), laid, pairs % len(parameters), offset)


def is_valid(hours: pl.DataFrame, day: Integers, standards: Standards) -> Mask:
    """Say which hours are valid: enough of them measured, and nothing beyond the range."""
    least = rules.by_day(standards, completeness.EU_2008_50, "hour", "least_share", day)
    is_known = ~np.isnan(hours["value"].to_numpy())
    return np.asarray(is_known & ~is_beyond(hours) & (hours["covered"].to_numpy() >= least - _HAIR))


def is_beyond(hours: pl.DataFrame) -> Mask:
    """Say in which hours a value lies above the instrument's range."""
    return np.asarray(hours["n_above"].to_numpy() > 0)


def positions(words: pl.Series, known: Sequence[str]) -> Integers:
    """Return the position of each word among the known ones."""
    return integers(words.cast(pl.Enum(known)).to_physical())


def dates(days: Integers) -> pl.Series:
    """Return days since 1970-01-01 as dates."""
    return pl.Series(days.astype(np.int32)).cast(pl.Date)


def integers(series: pl.Series) -> Integers:
    """Return whole numbers as an array."""
    return series.to_numpy().astype(np.int64)
