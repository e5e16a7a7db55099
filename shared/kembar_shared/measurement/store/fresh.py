"""Sums of rows that are about to be stored, made of their columns: many times as fast as by SQL."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import polars as pl

from kembar_shared.measurement.store import bulk, exact, sums
from kembar_shared.measurement.vocabulary import COUNTED_FLAGS

if TYPE_CHECKING:
    from collections.abc import Mapping

_SPAN: Final = ("series_id", "span", "first_day")
_COUNTED: Final = [int(flag) for flag in COUNTED_FLAGS]


def summed(rows: pl.DataFrame, zones: Mapping[int, str]) -> pl.DataFrame:
    """Sum the rows that count up by series and period, as the statements of `summing` do.

    Args:
        rows: Columns of `staging.ROWS`, by series and time.
        zones: Time zone of each series.

    Returns:
        Rows of `rollup`.
    """
    return pl.concat(
        [_summed(part.hstack(sums.places(part, zones))) for part in bulk.whole_series(rows)]
    )


def _summed(rows: pl.DataFrame) -> pl.DataFrame:
    absent = [
        pl.lit(None, pl.String).alias("qualifier"),
        pl.lit(None, pl.Float64).alias("limit_value"),
    ]
    is_below = pl.col("qualifier") == "<"
    counted = (
        rows.with_columns(c for c in absent if c.meta.output_name() not in rows.columns)
        .filter(pl.col("flag").is_in(_COUNTED))
        .with_columns(
            limit_value=pl.when(is_below).then("limit_value"),
            is_below=is_below.fill_null(value=False),
            is_above=(pl.col("qualifier") == ">").fill_null(value=False),
        )
    )
    by_span = _by_span(counted, _SPAN)
    odd = by_span.filter(pl.col("is_late") | (pl.col("n_below") > 1)).select(_SPAN)
    if not odd.is_empty():
        plain = by_span.join(odd, on=_SPAN, how="anti")
        slots = _by_span(counted.join(odd, on=_SPAN, how="semi"), (*_SPAN, "slot"))
        by_span = pl.concat([plain, _of_slots(slots).select(plain.columns)])
    return _chosen(by_span)


def _by_span(rows: pl.DataFrame, key: tuple[str, ...]) -> pl.DataFrame:
    """Sum rows up by *key*, as if each were the only one of its span of time."""
    value, together = pl.col("value"), pl.col("n") + pl.col("n_below")
    summed = rows.group_by(key, maintain_order=True).agg(
        stored=pl.len(),
        n=value.count(),
        total=exact.summed(value),
        least=value.min(),
        greatest=value.max(),
        n_below=pl.col("is_below").sum(),
        n_above=pl.col("is_above").sum(),
        below_limit=pl.col("limit_value").max(),
        below_total=exact.summed(pl.col("limit_value")),
        is_late=pl.col("is_late").any(),
    )
    once = pl.when(sums.is_short()).then(1).otherwise(together)
    return summed.with_columns(
        slots=pl.when(sums.is_short()).then("stored").otherwise(1),
        mean_total=pl.when(pl.col("n") > 0).then(pl.col("total") / once),
        below_total=pl.when(pl.col("n_below") == 1)
        .then(pl.col("below_limit") / once)
        .when(pl.col("n_below") > 1)
        .then(pl.col("below_total") / once),
    )


def _of_slots(slots: pl.DataFrame) -> pl.DataFrame:
    """Sum up what several values of one span of time make together."""
    once = pl.when(sums.is_short()).then(pl.col("n") + pl.col("n_below")).otherwise(1)
    return slots.group_by(_SPAN, maintain_order=True).agg(
        pl.col("stored", "n", "n_below", "n_above").sum(),
        pl.col("least").min(),
        pl.col("greatest", "below_limit").max(),
        total=exact.summed(pl.col("total")),
        mean_total=exact.summed(pl.col("mean_total") / once),
        below_total=exact.summed(pl.col("below_total") / once),
        is_late=pl.lit(value=False),
        slots=pl.len(),
    )


def _chosen(by_span: pl.DataFrame) -> pl.DataFrame:
    """Choose of each bucket the length of time whose values cover most of it, else the shorter."""
    whole = ("n", "n_below", "n_above", "slots", "covered_min", "left_out")
    bucket = list(sums.BUCKET)
    covered = by_span.with_columns(
        sums.grain_of_span().alias("grain"), covered_min=pl.col("slots") * pl.col("span").clip(0)
    )
    return (
        covered.with_columns(left_out=pl.col("stored").sum().over(bucket) - pl.col("stored"))
        .sort(*bucket, "covered_min", "span", descending=[False, False, False, True, False])
        .unique(bucket, keep="first", maintain_order=True)
        .select(
            *bucket,
            *(pl.col(name).cast(pl.Int32) for name in whole),
            pl.when(pl.col("n") > 0).then("total").alias("total"),
            "least",
            "greatest",
            "below_limit",
            *(
                pl.when(pl.col(count) > 0).then(name).alias(name)
                for name, count in (("mean_total", "n"), ("below_total", "n_below"))
            ),
        )
    )
