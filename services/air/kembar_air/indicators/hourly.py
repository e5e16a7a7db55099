"""The ISPU of each hour: the index of the 24 hours that end with it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import polars as pl

from kembar_air.indicators import columns, judged, rules
from kembar_air.indices import grid, ispu, windows
from kembar_air.standards import completeness
from kembar_air.standards.ispu import P_14_2020, POLLUTANTS
from kembar_shared.measurement.indicators import INDEX_SCHEMA

if TYPE_CHECKING:
    from kembar_shared.measurement.standards import Standards

HOURLY_SCHEMA: Final = pl.Schema(
    {
        ("time" if name == "period" else name): (
            pl.Datetime("us", "UTC") if name == "period" else kind
        )
        for name, kind in INDEX_SCHEMA.items()
    }
)
"""`INDEX_SCHEMA`, its period replaced by `time`, the end of the 24 hours."""

_US_AN_HOUR: Final = 3_600_000_000


def rows(
    hours: pl.DataFrame, standards: Standards, regimes: rules.Regimes, reading: ispu.Reading
) -> pl.DataFrame:
    """Return `ispu` of each hour of which anything was reported (`HOURLY_SCHEMA`).

    Args:
        hours: `HOURS_SCHEMA`; to have the index of an hour, the 23 hours before it too.
        standards: The rows.
        regimes: The breakpoints by day; hours before P.14/2020 are judged by it all the same.
        reading: Which index a band begins with.

    Source:
        The ministry's feed stamps an index with the end of its 24 hours.
    """
    laid = columns.lay_out(hours, POLLUTANTS, standards)
    if laid is None:
        return pl.DataFrame(schema=HOURLY_SCHEMA)
    all_hours = laid.grid
    day = all_hours.day.astype(np.int64)
    least = rules.by_day(standards, completeness.OWN, "mean_24h", "least_hours", day)
    least = least[all_hours.station] if least.ndim else least
    means = windows.running_means(all_hours.values, grid.HOURS_A_DAY, least)
    over = windows.touches(all_hours.beyond, grid.HOURS_A_DAY)
    below = windows.mostly_below(all_hours.values, all_hours.below, grid.HOURS_A_DAY)
    shape = (*day.shape, len(POLLUTANTS))
    concentrations = np.full(shape, np.nan)
    concentrations[all_hours.station, :, laid.parameter] = np.round(
        np.where(over | below, np.nan, means), columns.DECIMALS
    )
    beyond = np.zeros(shape, dtype=np.bool_)
    beyond[all_hours.station, :, laid.parameter] = over
    reported = np.zeros(day.shape, dtype=np.bool_)
    np.logical_or.at(reported, all_hours.station, all_hours.reported)
    station, column = np.nonzero(reported)
    judgement = judged.judge(
        concentrations[station, column], beyond[station, column], day[station, column],
        regimes, reading,
    )  # fmt: skip
    ends = (all_hours.number[column] + 1) * _US_AN_HOUR + laid.offset_us[station]
    method = standards.method(reading.method, P_14_2020, completeness.OWN, completeness.EU_2008_50)
    return (
        pl.DataFrame(
            {
                "station": judged.words(laid.stations, station),
                "time": pl.Series(ends).cast(pl.Datetime("us")).dt.replace_time_zone("UTC"),
                **judgement.columns(regimes),
            }
        )
        .select(
            "station",
            pl.lit("hour").alias("grain"),
            "time",
            pl.lit("ispu").alias("index"),
            "value",
            pl.lit("1").alias("unit"),
            "category",
            "state",
            pl.lit(method).alias("method"),
            "parameters",
            "missing",
            "critical",
            pl.struct(judged.sub_indices(), "beyond_scale", "retrospective", "standard")
            .struct.json_encode()
            .alias("detail"),
        )
        .match_to_schema(HOURLY_SCHEMA)
    )
