"""From days to verdicts: which limits each station kept in each calendar year."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import polars as pl

from kembar_shared.measurement import completeness
from kembar_shared.measurement.completeness import COMPLETENESS
from kembar_shared.measurement.indicators import VERDICT_SCHEMA
from kembar_shared.measurement.vocabulary import Grain, State
from kembar_water.indicators import arrays, comparisons, deviation
from kembar_water.indices import ranks
from kembar_water.standards import indonesia, japan

if TYPE_CHECKING:
    from kembar_shared.measurement.standards import Standards

METHOD: Final = "kembar/water-verdict@2"

UNDER_75_PERCENT: Final = "under_75_percent"
UNDER_TWO_DATES: Final = "under_two_dates"
COARSER: Final = "coarser_than_averaging"
UNDECIDED: Final = "evaluation_unknown"

_KEYS: Final = ("station", "parameter", "year", *comparisons.LINE)
_GROUP: Final = (*_KEYS, "grain")
_AVERAGINGS: Final = ("sample", "P1D")
_RANK: Final = {Grain.DAY.value: 0, Grain.MONTH.value: 1, Grain.YEAR.value: 2}
_ORDER: Final = {grade: place for place, grade in enumerate((*indonesia.CLASSES, *japan.GRADES))}


def verdicts(standards: Standards, days: pl.DataFrame, indices: pl.DataFrame) -> pl.DataFrame:
    """Judge every station, year and parameter by every limit that applies to it.

    By PP 22/2021 the class of the station alone, by Japan's rivers every class, for no station
    has one, and by the targets of SDG 6.3.2. A sample is a station's local day. Parameters that
    count different things (faecal coliform and total coliform in MPN, E. coli in CFU) have
    limits of their own and are never compared with each other's.

    Evaluations: `each` value has to comply; `p75`: the value of rank ceil(0.75 n) from the better
    end; `share80`: 80 % of the values. The SDG asks that of a water body's values together, which
    is the figure `water.sdg_6_3_2`; here it is asked of each parameter.

    Args:
        standards: Limits.
        days: `DAYS_SCHEMA`, of whole calendar years.
        indices: Unused: no limit is one of an index.

    Returns:
        `VERDICT_SCHEMA`. `value` of `each` is the worst value that was measured, of a percentile
        what stands at its rank; null where that lies below detection, and for a share of values
        between two bounds. A limit that changed within the year judges the days it was in force;
        shown is the last one.
    """
    del indices
    values = _values(standards, days)
    counted = _counted(values).with_columns(_sufficient(standards))
    judged = _chosen(counted.join(_ranked(values), on=_GROUP, how="left"))
    decided = judged.with_columns(_decision()).with_columns(_unverified(standards))
    is_ok = pl.col("decision").is_in(["met", "not_met"])
    states = (State.OK.value, State.CANNOT_ASSESS.value, State.INSUFFICIENT.value)
    codes = sorted({row.standard for row in standards.limits})
    methods = {code: standards.method(f"{METHOD}/{code}", code, COMPLETENESS) for code in codes}
    columns = decided.select(
        place="station",
        stations=pl.concat_list("station"),
        parameter="parameter",
        period=pl.col("year").cast(pl.String),
        standard="standard",
        authority="authority",
        **{"class": pl.col("grade")},
        averaging="averaging",
        evaluation="evaluation",
        least="least",
        most="most",
        limit_unit="unit",
        value="value",
        n="n",
        expected="expected",
        coverage="coverage",
        exceeded="exceeded",
        exceeded_on="exceeded_on",
        derived="derived",
        derived_from=pl.when(pl.col("derived") > 0)
        .then(pl.lit(list(deviation.INPUTS)))
        .otherwise(pl.lit([], dtype=pl.List(pl.String))),
        verdict=pl.when(is_ok).then("decision"),
        state=pl.when(is_ok)
        .then(pl.lit(states[0]))
        .when(pl.col("decision").is_in([UNDER_75_PERCENT, UNDER_TWO_DATES]))
        .then(pl.lit(states[2]))
        .otherwise(pl.lit(states[1])),
        reason=pl.when(~is_ok).then("decision"),
        method=pl.col("standard").replace_strict(methods, return_dtype=pl.String),
        retrospective="retrospective",
        verified=pl.col("unverified_parts").list.len() == 0,
        unverified_parts="unverified_parts",
        source="limit_source",
    )
    rank = pl.col("class").replace_strict(_ORDER, default=len(_ORDER), return_dtype=pl.Int64)
    return columns.select(pl.col(name).cast(dtype) for name, dtype in VERDICT_SCHEMA.items()).sort(
        "place", "period", "standard", "parameter", rank, "class", "evaluation"
    )


def _values(standards: Standards, days: pl.DataFrame) -> pl.DataFrame:
    """Return every value beside every limit it is judged by."""
    limits = standards.frame().filter(pl.col("averaging").is_in(_AVERAGINGS))
    ends = pl.when(pl.col("valid_to").is_not_null().all()).then(pl.col("valid_to").max())
    lines = limits.group_by("parameter", *comparisons.LINE, maintain_order=True).agg(ends=ends)
    own_class = pl.col("water_class").fill_null(indonesia.DEFAULT_CLASS)
    candidates = (
        deviation.derived(comparisons.reported(days))
        .with_columns(year=pl.col("period").dt.year())
        .join(lines, on="parameter")
        .filter((pl.col("standard") != indonesia.PP_22_2021_VI) | (pl.col("grade") == own_class))
    )
    return (
        comparisons.compared(candidates, limits)
        .with_columns(
            need=pl.when(evaluation="each")
            .then(100)
            .otherwise(pl.col("evaluation").str.extract(r"^(?:p|share)(\d+)$").cast(pl.Int64)),
            is_range=pl.col("least").is_not_null() & pl.col("most").is_not_null(),
            is_day=pl.col("grain") == Grain.DAY.value,
        )
        .sort(*_GROUP, "period")
    )


def _counted(values: pl.DataFrame) -> pl.DataFrame:
    """Count what complies, breaks and cannot be judged, and how much of the year that is."""
    is_judged = pl.col("breaks").is_not_null()
    breaks = pl.col("breaks").fill_null(value=False)
    is_measured = is_judged & (pl.col("n_below") == 0)
    worst = (
        pl.when(pl.col("is_range").last())
        .then(
            pl.col("value")
            .filter(is_measured)
            .sort_by(
                (pl.col("value") - (pl.col("least") + pl.col("most")) / 2.0)
                .abs()
                .filter(is_measured)
            )
            .last()
        )
        .when(pl.col("most").last().is_not_null())
        .then(pl.col("value").filter(is_measured).max())
        .otherwise(pl.col("value").filter(is_measured).min())
    )
    is_year = pl.col("grain").first() == Grain.YEAR.value
    last_months = pl.when(pl.col("ends").first().dt.year() == pl.col("year").first()).then(
        pl.col("ends").first().dt.offset_by("-1d").dt.month()
    )
    slots = pl.when(is_year).then(1).otherwise(last_months.fill_null(12))
    month = pl.col("period").dt.month()
    dates = [
        pl.when(is_year).then(pl.col("n").filter(chosen).max()).otherwise(chosen.sum())
        for chosen in (is_judged, pl.col("period").is_not_null())
    ]
    return values.group_by(_GROUP, maintain_order=True).agg(
        pl.col(
            "least", "most", "unit", "authority", "verified", "limit_source", "is_range", "need"
        ).last(),
        n=is_judged.sum().cast(pl.Int64),
        n_all=pl.len().cast(pl.Int64),
        exceeded=breaks.sum().cast(pl.Int64),
        exceeded_on=pl.col("period").filter(breaks).unique().sort().dt.to_string("iso"),
        derived=(is_judged & pl.col("is_derived")).sum().cast(pl.Int64),
        worst=worst,
        unknown=pl.col("unknown").drop_nulls().first(),
        may_break=((pl.col("n_above") > 0) & pl.col("most").is_not_null()).any(),
        is_day=pl.col("is_day").first(),
        retrospective=pl.col("retrospective").any(),
        expected=slots.cast(pl.Float64),
        coverage=month.filter(is_judged).n_unique() / slots,
        coverage_all=month.n_unique() / slots,
        dates=dates[0].fill_null(0),
        dates_all=dates[1].fill_null(0),
    )


def _sufficient(standards: Standards) -> list[pl.Expr]:
    """Say whether what was measured, and what of it could be judged, is enough of the year."""
    dates = completeness.least(standards, completeness.YEAR, completeness.DATES, period="year")

    def share(name: str) -> pl.Expr:
        return completeness.covers(standards, completeness.YEAR, name, period="year")

    return [
        share("coverage_all").alias("enough_all"),
        (pl.col("dates_all") >= dates).alias("dates_enough_all"),
        (share("coverage") & (pl.col("dates") >= dates)).alias("is_complete"),
    ]


def _ranked(values: pl.DataFrame) -> pl.DataFrame:
    """Return of each group what stands at the rank of its percentile, where that is one number."""
    ranked = values.filter(
        pl.col("evaluation") != "each", ~pl.col("is_range"), pl.col("need").is_between(1, 100)
    )
    # From the better end: of oxygen, whose limit is a least, from the highest.
    sign = pl.when(pl.col("most").is_not_null()).then(1.0).otherwise(-1.0)
    signed = ranked.with_columns(sign=sign).with_columns(pl.col("low", "high") * pl.col("sign"))
    groups = signed.group_by(_GROUP, maintain_order=True).agg(
        pl.col("need").first(), pl.col("sign").first()
    )
    low, high = (
        ranks.percentile_by_rank(arrays.by_row(signed, _GROUP, bound), groups["need"].to_numpy())
        for bound in ("low", "high")
    )
    found = np.where(low == high, low, np.nan) * groups["sign"].to_numpy()
    return groups.select(_GROUP).with_columns(
        at_rank=pl.Series("at_rank", found, dtype=pl.Float64).fill_nan(None)
    )


def _chosen(counted: pl.DataFrame) -> pl.DataFrame:
    """Choose of each limit the finest grain with enough coverage, else the finest.

    Where each value has to comply, a grain with one that does not comes first: no mean over months
    takes back what a day has shown.
    """
    is_broken = (pl.col("evaluation") == "each") & (pl.col("exceeded") > 0)
    rank = pl.col("grain").replace_strict(_RANK, return_dtype=pl.Int8)
    return (
        counted.sort(
            is_broken, "enough_all", rank, descending=[True, True, False], maintain_order=True
        )
        .unique(_KEYS, keep="first", maintain_order=True)
        .with_columns(
            pl.min_horizontal("coverage", 1.0),
            value=pl.when(evaluation="each").then("worst").otherwise("at_rank"),
        )
    )


def _unverified(standards: Standards) -> pl.Expr:
    """Name what a verdict rests on that was not seen in its source."""
    asked = [
        completeness.is_verified(standards, completeness.YEAR, quantity, period="year")
        for quantity in (completeness.SHARE, completeness.DATES)
    ]
    is_each = pl.col("evaluation") == "each"
    # One value beyond the limit says so however little else was measured.
    is_asked = ~(is_each & (pl.col("exceeded") > 0)) & (pl.col("decision") != COARSER)
    parts = {
        "limit": ~pl.col("verified"),
        "completeness": is_asked & ~pl.all_horizontal(asked),
        "rank": pl.col("evaluation").str.starts_with("p"),
    }
    named = [pl.when(is_so).then(pl.lit(part)) for part, is_so in parts.items()]
    return pl.concat_list(named).list.drop_nulls().alias("unverified_parts")


def _decision() -> pl.Expr:
    """Decide met, not_met, or why neither can be said."""
    complying = pl.col("n") - pl.col("exceeded")
    unknown = pl.col("n_all") - pl.col("n")
    is_each = pl.col("evaluation") == "each"
    why = pl.coalesce("unknown", pl.lit(UNDECIDED))
    return (
        pl.when(pl.col("need").is_null() | ~pl.col("need").is_between(1, 100))
        .then(pl.lit(UNDECIDED))
        .when(is_each, pl.col("exceeded") > 0)
        .then(pl.lit("not_met"))
        .when(~pl.col("is_day"))
        .then(pl.lit(COARSER))
        .when(~pl.col("enough_all"))
        .then(pl.lit(UNDER_75_PERCENT))
        .when(~pl.col("dates_enough_all"))
        .then(pl.lit(UNDER_TWO_DATES))
        .when(is_each, pl.col("may_break") | ~pl.col("is_complete"))
        .then(why)
        .when(is_each)
        .then(pl.lit("met"))
        .when(complying * 100 >= pl.col("need") * pl.col("n_all"))
        .then(pl.lit("met"))
        .when((complying + unknown) * 100 < pl.col("need") * pl.col("n_all"))
        .then(pl.lit("not_met"))
        .otherwise(why)
        .alias("decision")
    )
