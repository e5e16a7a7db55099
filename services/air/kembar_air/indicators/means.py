"""The means of station-days, as figures and yearly verdicts take them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import polars as pl

from kembar_air.indicators import columns, judged, rules, valid_hours
from kembar_air.standards import completeness
from kembar_shared.measurement.indicators import INDEX_SCHEMA
from kembar_shared.measurement.vocabulary import Grain, State

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kembar_shared.measurement.standards import Standards

METHOD: Final = "kembar/mean_24h@2"

_STATES: Final = (
    State.OK.value, State.ABOVE_LIMIT.value, State.INSUFFICIENT.value, State.CANNOT_ASSESS.value
)  # fmt: skip


def rows(
    values: columns.DayValues, parameters: Sequence[str], standards: Standards
) -> pl.DataFrame:
    """Return the mean of each day and parameter (`INDEX_SCHEMA`), `mean_24h:pm25` and the like.

    Args:
        values: Of days, made of their valid hours; `detail` says how many these are, and what
            else `valid_hours.KEPT` names.
        parameters: As *values* counts them.
        standards: In which is said how many have to be valid.
    """
    least = rules.by_day(standards, completeness.OWN, "mean_24h", "least_hours", values.day)
    has = values.has_mean(least)
    state = np.select([has, values.beyond, ~values.sufficient(least)], [0, 1, 2], default=3)
    nothing = pl.Series([[]] * len(parameters), dtype=pl.List(pl.String))
    each = pl.Series([[code] for code in parameters], dtype=pl.List(pl.String))
    lists = pl.concat([nothing, each])
    code, count = values.parameter, len(parameters)
    names = tuple(columns.MEAN_INDEX.format(each) for each in parameters)
    method = standards.method(METHOD, completeness.OWN, completeness.EU_2008_50)
    return (
        pl.DataFrame(
            {
                "station": judged.words(values.stations, values.station),
                "period": columns.dates(values.day),
                "index": judged.words(names, code),
                "value": pl.Series(np.where(has, values.mean, np.nan)).fill_nan(None),
                "state": judged.words(_STATES, state),
                "parameters": lists.gather(np.where(has, code + count, code)),
                "missing": lists.gather(np.where(has, code, code + count)),
                **{
                    name: pl.Series(getattr(values, name).astype(np.float64)).fill_nan(None)
                    for name in valid_hours.KEPT.names()
                },
            }
        )
        .select(
            "station",
            pl.lit(Grain.DAY.value).alias("grain"),
            "period",
            "index",
            "value",
            pl.lit("µg/m³").alias("unit"),
            pl.lit(None, dtype=pl.String).alias("category"),
            "state",
            pl.lit(method).alias("method"),
            "parameters",
            "missing",
            pl.lit(None, dtype=pl.String).alias("critical"),
            pl.struct(*valid_hours.KEPT.names(), pl.lit(int(columns.HOURS_A_DAY)).alias("expected"))
            .struct.json_encode()
            .alias("detail"),
        )
        .match_to_schema(INDEX_SCHEMA)
    )
