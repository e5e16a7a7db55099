"""The figure of SDG indicator 6.3.2: the share of stations whose water is good."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import polars as pl

from kembar_shared.measurement import completeness, coverage
from kembar_shared.measurement.indicators import Figure
from kembar_shared.measurement.vocabulary import Grain, State
from kembar_water.indicators import comparisons, dated
from kembar_water.indices import sdg
from kembar_water.standards.sdg import CORE_GROUPS, SDG_6_3_2

if TYPE_CHECKING:
    from kembar_shared.measurement.standards import Standards

_BODY: Final = ("jurisdiction", "station", "grain", "year")


def good_share(standards: Standards, days: pl.DataFrame) -> list[Figure]:
    """Return `water.sdg_6_3_2` of each jurisdiction and year: good ÷ assessed stations.

    A station stands for a water body. It is assessed in a year of two sampling dates, three
    quarters of the months and enough core groups; others leave the denominator. The figure needs
    three quarters of the stations' months, and is provisional where a core group is lacking.
    """
    bodies = _bodies(standards, days)
    units = bodies.select(
        "jurisdiction",
        "station",
        "origin",
        "grain",
        "covered",
        member="station",
        slot=pl.lit(Grain.YEAR.value),
        period=pl.date("year", 1, 1),
        numerator=(pl.col("is_good") & pl.col("is_assessed")).cast(pl.Float64),
        denominator=pl.col("is_assessed").cast(pl.Float64),
        n=pl.col("is_assessed").cast(pl.Int64),
    )
    assessed = pl.col("is_assessed")
    details = (
        bodies.group_by("jurisdiction", pl.col("year").cast(pl.String).alias("period"), "grain")
        .agg(
            good=pl.col("station").filter(assessed, pl.col("is_good")).sort(),
            not_good=pl.col("station").filter(assessed, ~pl.col("is_good")).sort(),
            not_assessed=pl.col("station").filter(~assessed).sort(),
            comparisons=pl.col("compared").filter(assessed).sum(),
            groups=pl.col("groups").filter(assessed).explode().drop_nulls().unique().sort(),
            incomplete_stations=(assessed & (pl.col("groups").list.len() < len(CORE_GROUPS))).sum(),
            retrospective=pl.col("retrospective").any(),
        )
        .select(
            "jurisdiction",
            "period",
            "grain",
            detail=pl.struct(
                "grain", "good", "not_good", "not_assessed", "comparisons", "groups",
                "incomplete_stations", "retrospective", standard=pl.lit(SDG_6_3_2),
            ),
        )
    )  # fmt: skip
    has_any = pl.col("denominator") > 0
    is_ok = (pl.col("state") == State.OK.value) & has_any
    figures = (
        coverage.gather(units, Grain.YEAR, standards)
        .join(
            details,
            on=["jurisdiction", "period", "grain"],
            how="left",
            maintain_order="left",
        )
        .with_columns(
            pl.when(has_any).then("numerator"),
            pl.when(has_any).then("denominator"),
            value=pl.when(has_any).then(pl.col("numerator") / pl.col("denominator")),
            state=pl.when(is_ok, pl.col("detail").struct.field("incomplete_stations") > 0)
            .then(pl.lit(State.PROVISIONAL.value))
            .when(is_ok)
            .then("state")
            .otherwise(pl.lit(State.INSUFFICIENT.value)),
        )
    )
    method = standards.method(sdg.SDG_6_3_2, SDG_6_3_2, completeness.COMPLETENESS)
    return [
        Figure.of(row, indicator="water.sdg_6_3_2", unit="1", method=method)
        for row in figures.iter_rows(named=True)
    ]


def _bodies(standards: Standards, days: pl.DataFrame) -> pl.DataFrame:
    """Return one row per station, grain and year with comparisons."""
    targets = standards.frame(SDG_6_3_2).filter(averaging="sample")
    evaluations = targets.select("parameter", "grade", "evaluation").unique()
    candidates = (
        comparisons.daily(days)
        .filter(pl.col("jurisdiction").is_not_null(), pl.col("parameter").is_in(CORE_GROUPS))
        .with_columns(
            standard=pl.lit(SDG_6_3_2), averaging=pl.lit("sample"), year=pl.col("period").dt.year()
        )
        .join(evaluations, on="parameter")
    )
    known = pl.col("breaks").is_not_null()
    bodies = (
        comparisons.compared(candidates, targets)
        .group_by(_BODY, maintain_order=True)
        .agg(
            pl.col("origin").first(),
            compared=known.sum().cast(pl.Int64),
            complying=(~pl.col("breaks")).sum().cast(pl.Int64),
            open=(~known).sum().cast(pl.Int64),
            groups=pl.col("parameter").filter(known).replace_strict(CORE_GROUPS).unique().sort(),
            dates=pl.col("period").filter(known).n_unique(),
            covered=pl.col("period").filter(known).dt.month().n_unique() / 12.0,
            retrospective=pl.col("retrospective").any(),
        )
        .sort(_BODY)
    )
    least_share, least_groups = dated.factors(
        standards,
        SDG_6_3_2,
        "water_body",
        ("good_share", "least_groups"),
        bodies.select(pl.date("year", 12, 31)).to_series(),
    ).T
    least_dates = completeness.least(
        standards, completeness.YEAR, completeness.DATES, period="year"
    )
    complying, open_ = bodies["complying"].to_numpy(), bodies["open"].to_numpy()
    everything = bodies["compared"].to_numpy() + open_
    # What cannot be compared, for a detection limit or a method's range, could go either way.
    is_good = sdg.is_good(complying, everything, least_share)
    is_certain = is_good == sdg.is_good(complying + open_, everything, least_share)
    return bodies.with_columns(
        pl.Series("is_good", is_good, dtype=pl.Boolean),
        is_assessed=(pl.col("dates") >= least_dates)
        & completeness.covers(standards, completeness.YEAR, "covered", period="year")
        & (pl.col("groups").list.len() >= pl.Series(least_groups, dtype=pl.Float64))
        & pl.Series(is_certain, dtype=pl.Boolean),
    )
