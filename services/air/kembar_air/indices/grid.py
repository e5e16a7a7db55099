"""Hours of several series as a rectangle, so that what follows an hour stands beside it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]
    Integers = npt.NDArray[np.int64]
    Mask = npt.NDArray[np.bool_]

HOURS_A_DAY: Final = 24


@dataclass(frozen=True, slots=True)
class Grid:
    """Hours side by side; where days without any hour were left out, 24 empty ones stand.

    Attributes:
        values: Shape (series, hours); NaN: no valid value.
        beyond: Same shape; whether a value above the instrument's range lies in the hour.
        below: Same shape; whether the hour's value was made of some below detection.
        reported: Same shape; whether anything was reported of the hour.
        station: Shape (series,); row of `day` and `hour`.
        day: Shape (stations, hours); local day as days since 1970-01-01.
        hour: Shape (stations, hours); how many hours of the local day went before.
        number: Shape (hours,); hours since 1970-01-01 in UTC.
    """

    values: Floats
    beyond: Mask
    below: Mask
    reported: Mask
    station: Integers
    day: npt.NDArray[np.int32]
    hour: npt.NDArray[np.int32]
    number: Integers

    def local_days(self) -> Integers:
        """Return the local day of each value, shape (series, hours)."""
        return self.day[self.station].astype(np.int64)

    def take(self, series: Integers) -> Grid:
        """Return the grid of some of its series."""
        return Grid(
            self.values[series],
            self.beyond[series],
            self.below[series],
            self.reported[series],
            self.station[series],
            self.day,
            self.hour,
            self.number,
        )


def lay_out_hours(
    series: Integers,
    station_of_series: Integers,
    number: Integers,
    day: Integers,
    hour: Integers,
    values: Floats,
    beyond: Mask,
    below: Mask,
) -> Grid:
    """Lay hours out.

    Args:
        series: Shape (n,), 0 to the number of series - 1.
        station_of_series: Shape (series,), 0 to the number of stations - 1.
        number: Shape (n,), hours since 1970-01-01 in UTC.
        day: Shape (n,), local day as days since 1970-01-01.
        hour: Shape (n,), how many hours of that day went before.
        values: Shape (n,), one value for each series and hour; NaN: not valid.
        beyond: Shape (n,).
        below: Shape (n,).

    Returns:
        The grid. The local day of an hour that no series of its station has is told from the hours
        before it.
    """
    column, numbers = _columns(number)
    shape = (len(station_of_series), len(numbers))
    grid_values = np.full(shape, np.nan)
    grid_beyond = np.zeros(shape, dtype=np.bool_)
    grid_below = np.zeros(shape, dtype=np.bool_)
    reported = np.zeros(shape, dtype=np.bool_)
    grid_values[series, column] = values
    grid_beyond[series, column] = beyond
    grid_below[series, column] = below
    reported[series, column] = True
    station = station_of_series[series]
    stations = int(station_of_series.max(initial=-1)) + 1
    local = np.full((stations, len(numbers)), np.iinfo(np.int64).min)
    local[station, column] = day * HOURS_A_DAY + hour - number
    local_day, local_hour = _filled(local, numbers)
    local_day[station, column] = day
    local_hour[station, column] = hour
    # An hour told from a clock before its change must not begin a day that the next hour undoes.
    local_day = np.minimum.accumulate(local_day[:, ::-1], axis=1)[:, ::-1]
    return Grid(
        grid_values,
        grid_beyond,
        grid_below,
        reported,
        station_of_series,
        local_day.astype(np.int32),
        local_hour.astype(np.int32),
        numbers,
    )


def _columns(number: Integers) -> tuple[Integers, Integers]:
    """Give each hour a column, and each column its hour; long gaps shrink to one day."""
    utc_day = number // HOURS_A_DAY
    first = int(utc_day.min())
    has = np.zeros(int(utc_day.max()) - first + 1, dtype=np.bool_)
    has[utc_day - first] = True
    kept = has.copy()
    kept[1:] |= has[:-1]
    place = np.cumsum(kept) - 1
    days = np.flatnonzero(kept) + first
    numbers = (days[:, None] * HOURS_A_DAY + np.arange(HOURS_A_DAY)).ravel()
    return place[utc_day - first] * HOURS_A_DAY + number % HOURS_A_DAY, numbers


def _filled(offsets: Integers, numbers: Integers) -> tuple[Integers, Integers]:
    """Return local days and hours, each unknown offset that of the hour before."""
    known = offsets != np.iinfo(np.int64).min
    last = np.where(known, np.arange(len(numbers)), 0)
    np.maximum.accumulate(last, axis=1, out=last)
    first = known.argmax(axis=1)
    last = np.maximum(last, first[:, None])
    local = numbers + np.take_along_axis(offsets, last, axis=1)
    return local // HOURS_A_DAY, local % HOURS_A_DAY
