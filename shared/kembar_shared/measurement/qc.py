"""Quality-control tests on columns of measurements."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from kembar_shared.measurement.vocabulary import Flag

if TYPE_CHECKING:
    from kembar_shared.measurement.catalogue import Catalogue


def gross_range(frame: pl.DataFrame, catalogue: Catalogue) -> pl.Series:
    """Flag values outside what is possible (FAIL) or plausible (SUSPECT); bounds are inside.

    Args:
        frame: `parameter` and `value` in the parameter's unit; null where only a limit is known.
        catalogue: The spans.

    Returns:
        Shape (n,), `Flag` codes; NOT_EVALUATED without a value or a span.

    Source:
        QARTOD gross range test (IOOS); spans: docs/data-dictionary.md.
    """
    spans = pl.DataFrame(
        [
            (
                p.code,
                s.low if s else None,
                s.high if s else None,
                f.low if f else None,
                f.high if f else None,
                s is not None or f is not None,
            )
            for p in catalogue.parameters
            for s, f in [(p.suspect, p.fail)]
        ],
        schema={
            "parameter": pl.String,
            "low": pl.Float64,
            "high": pl.Float64,
            "least": pl.Float64,
            "most": pl.Float64,
            "has_span": pl.Boolean,
        },
        orient="row",
    )
    value = pl.col("value")

    def beyond(low: str, high: str) -> pl.Expr:
        return (value < pl.col(low)).fill_null(value=False) | (value > pl.col(high)).fill_null(
            value=False
        )

    return (
        frame.select("parameter", "value")
        .join(spans, on="parameter", how="left", maintain_order="left")
        .select(
            pl.when(value.is_null() | ~pl.col("has_span"))
            .then(int(Flag.NOT_EVALUATED))
            .when(beyond("least", "most"))
            .then(int(Flag.FAIL))
            .when(beyond("low", "high"))
            .then(int(Flag.SUSPECT))
            .otherwise(int(Flag.GOOD))
            .cast(pl.Int8)
            .alias("flag")
        )
        .to_series()
    )
