"""The Japanese river class that each station's water meets in a calendar year."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Final

import numpy as np
import polars as pl

from kembar_shared.measurement import completeness
from kembar_shared.measurement.indicators import INDEX_SCHEMA
from kembar_shared.measurement.vocabulary import Grain, State
from kembar_water.indicators import arrays, comparisons
from kembar_water.indices import japan, ranks
from kembar_water.standards.japan import GRADES, JP_EQS_RIVER

if TYPE_CHECKING:
    import numpy.typing as npt

    from kembar_shared.measurement.standards import Standards

    Floats = npt.NDArray[np.float64]

_SERIES: Final = ("year", "station", "parameter")
# Of every statistic the value that is the worst for the river, and the best that it can be.
_PESSIMISTIC: Final = ("smallest", "largest")
_OPTIMISTIC: Final = ("smallest_at_most", "largest_at_least")


def classes(standards: Standards, days: pl.DataFrame) -> pl.DataFrame:
    """Return one row per station and calendar year with daily values of an item.

    An item counts with two sampling dates and three quarters of the months. Where values below
    detection or above a method's range leave more than one class possible, none is given.

    Args:
        standards: Limits.
        days: `DAYS_SCHEMA`, of whole years.

    Returns:
        The columns of `INDEX_SCHEMA`, with `detail` as a struct; `value` 1 is the best class, and
        one more than there are classes means none of them.
    """
    # Farm use is asked of some waters beside their class and makes none.
    limits = standards.frame(JP_EQS_RIVER).filter(pl.col("grade").is_in(GRADES))
    series = _series(days, limits, standards)
    found = [
        _of_year(year, of_year, _in_force(limits, year))
        for (year,), of_year in series.group_by("year", maintain_order=True)
        if isinstance(year, int)
    ]
    if not found:
        return pl.DataFrame(schema={**INDEX_SCHEMA, "detail": pl.Struct([])})
    method = standards.method(japan.RIVER_CLASS, JP_EQS_RIVER, completeness.COMPLETENESS)
    return (
        pl.concat(found)
        .with_columns(
            pl.lit(method).alias("method"),
        )
        .select(INDEX_SCHEMA.names())
    )


def _series(days: pl.DataFrame, limits: pl.DataFrame, standards: Standards) -> pl.DataFrame:
    """Return the statistics of each year, station and item."""
    values = (
        comparisons.daily(days)
        .with_columns(year=pl.col("period").dt.year())
        .join(limits.select("parameter", "evaluation").unique(), on="parameter")
        .pipe(comparisons.bounded)
        .sort(*_SERIES, "evaluation", "period")
    )
    keys = (*_SERIES, "evaluation")
    series = values.group_by(keys, maintain_order=True).agg(
        dates=pl.col("period").n_unique(),
        months=pl.col("period").dt.month().n_unique(),
        smallest=pl.col("low").min(),
        smallest_at_most=pl.col("high").min(),
        largest=pl.col("high").max(),
        largest_at_least=pl.col("low").max(),
    )
    percent = series["evaluation"].str.extract(r"^p(\d+)$").cast(pl.Int64)
    at_least, at_most = (
        pl.Series(
            ranks.percentile_by_rank(
                arrays.by_row(values, keys, bound), percent.fill_null(100).to_numpy()
            ),
            dtype=pl.Float64,
        )
        for bound in ("low", "high")
    )
    least_dates = completeness.least(
        standards, completeness.YEAR, completeness.DATES, period="year"
    )
    is_percentile = pl.lit(percent).is_not_null()
    return series.with_columns(
        smallest=pl.when(is_percentile).then(at_least).otherwise("smallest"),
        smallest_at_most=pl.when(is_percentile).then(at_most).otherwise("smallest_at_most"),
        largest=pl.when(is_percentile).then(at_most).otherwise("largest"),
        largest_at_least=pl.when(is_percentile).then(at_least).otherwise("largest_at_least"),
        share=pl.col("months") / 12.0,
    ).with_columns(
        is_complete=(pl.col("dates") >= least_dates)
        & completeness.covers(standards, completeness.YEAR, "share", period="year"),
    )


def _in_force(limits: pl.DataFrame, year: int) -> pl.DataFrame:
    """Return the limits on the last day of a year.

    Of items that came later, none is asked of a year in which the standard had others.
    """
    last = date(year, 12, 31)
    had_any = (limits["valid_from"] <= last).any()
    since = pl.col("valid_from") if had_any else pl.col("applied_from")
    return (
        limits.filter(since <= last, pl.col("valid_to").is_null() | (pl.col("valid_to") > last))
        .sort("applied_from", maintain_order=True)
        .unique(["parameter", "grade"], keep="last", maintain_order=True)
    )


def _of_year(year: int, series: pl.DataFrame, limits: pl.DataFrame) -> pl.DataFrame:
    """Return the classes of one year's stations."""
    items = sorted(limits["parameter"].unique())
    stations = sorted(series["station"].unique())
    evaluated = series.join(
        limits.select("parameter", "evaluation").unique(), on=["parameter", "evaluation"]
    )
    complete = evaluated.filter("is_complete")
    item_of = complete["parameter"].replace_strict(items, range(len(items)), return_dtype=pl.Int64)
    station_of = complete["station"].replace_strict(
        stations, range(len(stations)), return_dtype=pl.Int64
    )

    def matrix(column: str) -> Floats:
        made = np.full((len(stations), len(items)), np.nan)
        made[station_of.to_numpy(), item_of.to_numpy()] = arrays.floats(complete, column)
        return made

    least, most = (_limits(limits, items, bound) for bound in ("least", "most"))
    worst, best = (
        japan.river_class(matrix(lowest), matrix(highest), least, most)
        for lowest, highest in (_PESSIMISTIC, _OPTIMISTIC)
    )
    position = np.where(worst == best, worst, -1)
    by_item = np.column_stack(
        [
            japan.river_class(
                matrix(_PESSIMISTIC[0])[:, [item]],
                matrix(_PESSIMISTIC[1])[:, [item]],
                least[:, [item]],
                most[:, [item]],
            )
            for item in range(len(items))
        ]
    )
    judged = ~np.isnan(matrix("smallest"))
    words = (*GRADES, f"worse_than_{GRADES[-1]}")
    return pl.DataFrame(
        {
            "station": stations,
            "grain": Grain.YEAR.value,
            "period": date(year, 1, 1),
            "index": "jp_river_class",
            "value": [float(p + 1) if p >= 0 else None for p in position],
            "unit": "1",
            "category": [words[p] if p >= 0 else None for p in position],
            "state": [_state(*each) for each in zip(position, worst, strict=True)],
            "parameters": [_names(items, row) for row in judged],
            "missing": [_names(items, row) for row in ~judged],
            "critical": [
                items[int(row.argmax())] if p > 0 else None
                for p, row in zip(position, by_item, strict=True)
            ],
        },
        schema_overrides={
            name: INDEX_SCHEMA[name]
            for name in ("value", "category", "parameters", "missing", "critical")
        },
    ).with_columns(
        detail=pl.struct(
            pl.lit(Grain.YEAR.value).alias("grain"),
            pl.lit(JP_EQS_RIVER).alias("standard"),
            pl.lit(bool((limits["valid_from"] > date(year, 1, 1)).any())).alias("retrospective"),
        )
    )


def _limits(limits: pl.DataFrame, items: list[str], bound: str) -> Floats:
    made = np.full((len(GRADES), len(items)), np.nan)
    for parameter, grade, value in limits.select("parameter", "grade", bound).iter_rows():
        if value is not None and grade in GRADES:
            made[GRADES.index(grade), items.index(parameter)] = value
    return made


def _state(position: int, worst: int) -> str:
    if position >= 0:
        return State.OK.value
    return (State.INSUFFICIENT if worst < 0 else State.CANNOT_ASSESS).value


def _names(items: list[str], chosen: npt.NDArray[np.bool_]) -> list[str]:
    return [item for item, is_chosen in zip(items, chosen, strict=True) if is_chosen]
