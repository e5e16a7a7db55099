"""Days and indices as one rectangle for each parameter: station-years by days of the year."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import numpy as np
import polars as pl

from kembar_air.indicators import columns, maxima, valid_hours
from kembar_shared.measurement.vocabulary import Grain, State

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]
    Integers = npt.NDArray[np.int64]
    Mask = npt.NDArray[np.bool_]

DAYS: Final = 366
_KEY: Final = 10_000


@dataclass(frozen=True, slots=True)
class Maxima:
    """The highest means of days, shape (rows, 366).

    Attributes:
        value: µg/m³, NaN: none.
        complete: Whether enough of the day was measured.
        beyond: Whether a value above the instrument's range belongs to the day.
    """

    value: Floats
    complete: Mask
    beyond: Mask


@dataclass(frozen=True, slots=True)
class YearTable:
    """What was measured of one parameter, a row for each station and year.

    Attributes:
        parameter: Code.
        stations: The rows' stations.
        year: Shape (rows,).
        mean: Shape (rows, 366), daily means in µg/m³; NaN: none.
        hours: Shape (rows, 366), how many hours of each day are valid.
        beyond: Shape (rows, 366), whether a value lies above the instrument's range.
        n: Shape (rows, 366), values with a number.
        n_below: Shape (rows, 366), values below detection.
        below_limit: Shape (rows, 366), the limit of detection of these; NaN: none.
        doubt: Shape (rows, 366), by how much the means may be off for that, in µg/m³.
        yearly: Shape (rows,), the mean that was reported for the whole year; NaN: none.
        yearly_share: Shape (rows,), the share of the year it stands for.
        maxima: By kind.
    """

    parameter: str
    stations: tuple[str, ...]
    year: Integers
    mean: Floats
    hours: Floats
    beyond: Mask
    n: Floats
    n_below: Floats
    below_limit: Floats
    doubt: Floats
    yearly: Floats
    yearly_share: Floats
    maxima: dict[maxima.Maximum, Maxima]

    def take(self, rows: Integers) -> YearTable:
        """Return some of the rows."""
        return replace(
            self,
            stations=tuple(self.stations[row] for row in rows.tolist()),
            year=self.year[rows],
            mean=self.mean[rows],
            hours=self.hours[rows],
            beyond=self.beyond[rows],
            n=self.n[rows],
            n_below=self.n_below[rows],
            below_limit=self.below_limit[rows],
            doubt=self.doubt[rows],
            yearly=self.yearly[rows],
            yearly_share=self.yearly_share[rows],
            maxima={
                kind: Maxima(each.value[rows], each.complete[rows], each.beyond[rows])
                for kind, each in self.maxima.items()
            },
        )


def of(days: pl.DataFrame, indices: pl.DataFrame, parameters: Sequence[str]) -> Iterator[YearTable]:
    """Yield the table of each parameter of which anything was reported."""
    reported = days.filter(
        pl.col("parameter").is_in(list(parameters))
        & (pl.col("n") + pl.col("n_below") + pl.col("n_above") > 0)
    ).select("station", "parameter", year=pl.col("period").dt.year().cast(pl.Int64))
    stations = tuple(reported["station"].unique().sort().to_list())
    place_of = pl.col("station").cast(pl.Enum(stations)).to_physical().cast(pl.Int64)
    known = reported.unique().with_columns(key=place_of * _KEY + pl.col("year"))
    by_day = valid_hours.as_kept(columns.day_values(days, parameters), indices, parameters)
    by_year = columns.day_values(days, parameters, Grain.YEAR)
    for place, parameter in enumerate(parameters):
        keys = known.filter(parameter=parameter)["key"].sort().to_numpy()
        if len(keys):
            yield _table(parameter, place, stations, keys, by_day, by_year, indices)


def _table(
    parameter: str,
    place: int,
    stations: tuple[str, ...],
    keys: Integers,
    by_day: columns.DayValues,
    by_year: columns.DayValues,
    indices: pl.DataFrame,
) -> YearTable:
    chosen = np.flatnonzero(by_day.parameter == place)
    year, column = split(by_day.day[chosen])
    row = np.searchsorted(
        keys, _among(by_day.stations, stations)[by_day.station[chosen]] * _KEY + year
    )
    at = (row, column)
    shape = (len(keys), DAYS)
    yearly = np.full(len(keys), np.nan)
    share = np.zeros(len(keys))
    whole = np.flatnonzero((by_year.parameter == place) & by_year.has_mean(0.0))
    whole_year, _ = split(by_year.day[whole])
    whole_row = np.searchsorted(
        keys, _among(by_year.stations, stations)[by_year.station[whole]] * _KEY + whole_year
    )
    yearly[whole_row] = by_year.mean[whole]
    share[whole_row] = by_year.hours[whole] / columns.HOURS_A_DAY
    return YearTable(
        parameter=parameter,
        stations=tuple(stations[key] for key in (keys // _KEY).tolist()),
        year=keys % _KEY,
        mean=_spread(shape, at, by_day.mean[chosen], np.nan),
        hours=_spread(shape, at, by_day.hours[chosen], 0.0),
        beyond=_spread(shape, at, by_day.beyond[chosen], 0.0) > 0,
        n=_spread(shape, at, by_day.n[chosen], 0.0),
        n_below=_spread(shape, at, by_day.n_below[chosen], 0.0),
        below_limit=_spread(shape, at, by_day.below_limit[chosen], np.nan),
        doubt=_spread(shape, at, by_day.doubt[chosen], 0.0),
        yearly=yearly,
        yearly_share=share,
        maxima={
            kind: _maxima(indices.filter(pl.col("index") == kind.index(parameter)), stations, keys)
            for kind in maxima.KINDS
        },
    )


def _maxima(rows: pl.DataFrame, stations: tuple[str, ...], keys: Integers) -> Maxima:
    rows = rows.filter(pl.col("station").is_in(list(stations)))
    year, column = split(rows["period"].to_physical().to_numpy().astype(np.int64))
    key = columns.positions(rows["station"], stations) * _KEY + year
    row = np.minimum(np.searchsorted(keys, key), len(keys) - 1)
    ours = keys[row] == key
    at = (row[ours], column[ours])
    shape = (len(keys), DAYS)
    value = rows["value"].fill_null(float("nan")).to_numpy()[ours]
    state = rows["state"]
    complete = (state == State.OK.value).to_numpy()[ours]
    beyond = (state == State.ABOVE_LIMIT.value).to_numpy()[ours]
    return Maxima(
        value=_spread(shape, at, value, np.nan),
        complete=_spread(shape, at, complete, 0.0) > 0,
        beyond=_spread(shape, at, beyond, 0.0) > 0,
    )


def split(days: Integers) -> tuple[Integers, Integers]:
    """Return the years of days since 1970-01-01, and how many days of each went before."""
    dates = days.astype("datetime64[D]")
    years = dates.astype("datetime64[Y]")
    column = (dates - years.astype("datetime64[D]")).astype(np.int64)
    return years.astype(np.int64) + 1970, column


def _among(some: tuple[str, ...], stations: tuple[str, ...]) -> Integers:
    place = {code: position for position, code in enumerate(stations)}
    return np.array([place[code] for code in some], dtype=np.int64)


def _spread(
    shape: tuple[int, int],
    at: tuple[Integers, Integers],
    values: npt.NDArray[np.generic],
    empty: float,
) -> Floats:
    table = np.full(shape, empty)
    table[at] = values
    return table
