"""The ISPU of station-days."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import polars as pl

from kembar_air.indicators import columns, judged, rules
from kembar_air.indices import grid, ispu, windows
from kembar_air.standards import completeness
from kembar_air.standards.ispu import KEP_107_1997, P_14_2020, POLLUTANTS
from kembar_shared.measurement.indicators import INDEX_SCHEMA
from kembar_shared.measurement.vocabulary import Grain

if TYPE_CHECKING:
    import numpy.typing as npt

    from kembar_shared.measurement.standards import Standards

    Floats = npt.NDArray[np.float64]
    Integers = npt.NDArray[np.int64]
    Mask = npt.NDArray[np.bool_]

LEGACY_HOURLY: Final = ("pm10", "so2", "co", "o3", "no2")
"""Pollutants of KEP-107/1997."""

_LEGACY_DAY_BEGINS: Final = 15
_OF_24_HOURS: Final = ("pm10", "so2")
_STRIDE: Final = 10_000_000
"""More days than a station will ever have: station and day become one sortable number."""


@dataclass(frozen=True, slots=True)
class StationDays:
    """Station-days on which any pollutant of the index was reported, by station and day.

    Attributes:
        stations: Codes, sorted.
        station: Shape (rows,), position in *stations*.
        day: Shape (rows,), local days since 1970-01-01.
        concentrations: Shape (rows, 7), 24-hour means in µg/m³; NaN: no valid one.
        beyond: Shape (rows, 7), of what a value lies above the instrument's range.
        substituted: Shape (rows, 7), which means hold values below detection.
    """

    stations: tuple[str, ...]
    station: Integers
    day: Integers
    concentrations: Floats
    beyond: Mask
    substituted: Mask


def station_days(values: columns.DayValues, standards: Standards) -> StationDays:
    """Return the 24-hour means of the index's pollutants on calendar days.

    Args:
        values: Of the pollutants, made of their valid hours.
        standards: The rows.
    """
    key = values.station * _STRIDE + values.day
    keys, row = np.unique(key, return_inverse=True)
    shape = (len(keys), len(POLLUTANTS))
    least = rules.by_day(standards, completeness.OWN, "mean_24h", "least_hours", values.day)
    valid = values.has_mean(least)
    means = np.full(shape, np.nan)
    means[row[valid], values.parameter[valid]] = values.mean[valid]
    substituted = np.zeros(shape, dtype=np.bool_)
    substituted[row[valid], values.parameter[valid]] = values.n_below[valid] > 0
    beyond = np.zeros(shape, dtype=np.bool_)
    beyond[row[values.beyond], values.parameter[values.beyond]] = True
    return StationDays(
        values.stations,
        keys // _STRIDE,
        keys % _STRIDE,
        means,
        beyond,
        substituted,
    )


def rows(
    found: StationDays,
    hours: columns.Hours | None,
    standards: Standards,
    regimes: rules.Regimes,
    reading: ispu.Reading,
) -> pl.DataFrame:
    """Return `ispu` of each station-day (`INDEX_SCHEMA`).

    A day before P.14/2020 is judged by KEP-107/1997: from 15:00 of the day before to 15:00, where
    there are hours. Where only daily means were reported, those of the calendar day are taken, of
    the two pollutants whose index is made of 24 hours. Particles below 2.5 µm had no index then:
    where nothing else was measured, the index is insufficient, whatever they were.
    """
    is_legacy = np.array([s.standard == KEP_107_1997 for s in regimes.scales])[
        regimes.positions(found.day)
    ]
    parts = [_p_14_rows(_taken(found, ~is_legacy), standards, regimes, reading)]
    if is_legacy.any():
        legacy = _taken(found, is_legacy)
        parts.append(_legacy_rows(legacy, hours, standards, regimes))
    return pl.concat(parts)


def _taken(found: StationDays, chosen: Mask) -> StationDays:
    return StationDays(
        found.stations,
        found.station[chosen],
        found.day[chosen],
        found.concentrations[chosen],
        found.beyond[chosen],
        found.substituted[chosen],
    )


def _p_14_rows(
    found: StationDays, standards: Standards, regimes: rules.Regimes, reading: ispu.Reading
) -> pl.DataFrame:
    judgement = judged.judge(found.concentrations, found.beyond, found.day, regimes, reading)
    calendar = np.ones(len(found.day), dtype=np.bool_)
    day_method = standards.method(
        reading.day_method, P_14_2020, completeness.OWN, completeness.EU_2008_50
    )
    return _framed(found, judgement, regimes, day_method, calendar)


def _legacy_rows(
    found: StationDays,
    hours: columns.Hours | None,
    standards: Standards,
    regimes: rules.Regimes,
) -> pl.DataFrame:
    legacy_method = standards.method(
        ispu.LEGACY_METHOD, KEP_107_1997, completeness.OWN, completeness.EU_2008_50
    )
    concentrations = np.full(found.concentrations.shape, np.nan)
    calendar = np.ones(len(found.day), dtype=np.bool_)
    beyond = found.beyond.copy()
    for code in _OF_24_HOURS:
        place = POLLUTANTS.index(code)
        concentrations[:, place] = found.concentrations[:, place]
    if hours is not None:
        _take_hours(found, hours, standards, concentrations, beyond, calendar)
    judgement = judged.judge(concentrations, beyond, found.day, regimes, ispu.Reading.ANCHORED)
    return _framed(found, judgement, regimes, legacy_method, calendar)


def _take_hours(
    found: StationDays,
    hours: columns.Hours,
    standards: Standards,
    concentrations: Floats,
    beyond: Mask,
    calendar: Mask,
) -> None:
    """Put the means of the days from 15:00 to 15:00 in the place of those of calendar days."""
    parameter, laid = hours.of(LEGACY_HOURLY)
    if not len(parameter):
        return
    shifted = (laid.day + (laid.hour >= _LEGACY_DAY_BEGINS))[laid.station]
    starts = windows.day_starts(shifted)
    day = shifted.ravel()[starts].astype(np.int64)
    series = starts // shifted.shape[1]
    place_of = np.array(
        [found.stations.index(s) if s in found.stations else -1 for s in hours.stations]
    )
    key = place_of[laid.station[series]] * _STRIDE + day
    keys = found.station * _STRIDE + found.day
    row = np.minimum(np.searchsorted(keys, key), max(len(keys) - 1, 0))
    reported = windows.any_of_day(laid.reported, starts)
    of_ours = (keys[row] == key) & reported if len(keys) else np.zeros(len(key), dtype=np.bool_)
    highest = _legacy_means(parameter, laid, standards, starts, day)
    over = windows.any_of_day(laid.beyond, starts)
    # Where there is any hour, nothing is taken from the calendar day.
    concentrations[row[of_ours]] = np.nan
    beyond[row[of_ours]] = False
    calendar[row[of_ours]] = False
    columns_of = np.array([POLLUTANTS.index(code) for code in LEGACY_HOURLY])
    column = columns_of[parameter[series]]
    concentrations[row[of_ours], column[of_ours]] = highest[of_ours]
    beyond[row[of_ours & over], column[of_ours & over]] = True


def _legacy_means(
    parameter: Integers,
    laid: grid.Grid,
    standards: Standards,
    starts: Integers,
    day: Integers,
) -> Floats:
    """Return of each series and day the mean, or the highest of the means, that has the index.

    Source:
        KEP-107/1997, Lampiran I: PM10 and SO2 over 24 hours, CO over 8, O3 and NO2 over one; of
        continuous measurements the highest.
    """
    least_hours = rules.by_day(standards, completeness.OWN, "mean_24h", "least_hours", day)
    least_8h = rules.by_day(
        standards, completeness.EU_2008_50, "mean_8h", "least_hours", laid.local_days()
    )
    least_means = rules.by_day(standards, completeness.EU_2008_50, "max_8h", "least_means", day)
    whole = windows.day_means(laid.values, starts, least_hours)
    means_8h = windows.running_means(laid.values, 8, least_8h)
    highest_8h, n_8h = windows.day_maxima(means_8h, starts)
    highest_1h, n_1h = windows.day_maxima(laid.values, starts)
    code = parameter[starts // laid.values.shape[1]]
    found = np.select(
        [code == LEGACY_HOURLY.index("co"), code >= LEGACY_HOURLY.index("o3")],
        [
            np.where(n_8h >= least_means, highest_8h, np.nan),
            np.where(n_1h >= least_hours, highest_1h, np.nan),
        ],
        default=whole,
    )
    below = windows.days_mostly_below(laid.values, laid.below, starts)
    return np.where(below, np.nan, np.round(found, columns.DECIMALS))


def _framed(
    found: StationDays,
    judgement: judged.Judged,
    regimes: rules.Regimes,
    made_by: str,
    calendar: Mask,
) -> pl.DataFrame:
    """Return the judgement as rows of `INDEX_SCHEMA`."""
    return (
        pl.DataFrame(
            {
                "station": judged.words(found.stations, found.station),
                "period": columns.dates(found.day),
                "calendar": pl.Series(calendar),
                "substituted": judged.names(found.substituted),
                **judgement.columns(regimes),
            }
        )
        .select(
            "station",
            pl.lit(Grain.DAY.value).alias("grain"),
            "period",
            pl.lit("ispu").alias("index"),
            "value",
            pl.lit("1").alias("unit"),
            "category",
            "state",
            pl.lit(made_by).alias("method"),
            "parameters",
            "missing",
            "critical",
            pl.struct(
                judged.sub_indices(),
                "beyond_scale",
                "substituted",
                "retrospective",
                "standard",
                pl.when("calendar")
                .then(pl.lit("calendar"))
                .otherwise(pl.lit("15:00"))
                .alias("day"),
            )
            .struct.json_encode()
            .alias("detail"),
        )
        .match_to_schema(INDEX_SCHEMA)
    )
