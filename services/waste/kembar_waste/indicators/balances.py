"""The mass balance of each facility, by calendar month and year."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import polars as pl

from kembar_shared.measurement import completeness, coverage
from kembar_shared.measurement.completeness import COMPLETENESS
from kembar_shared.measurement.indicators import INDEX_SCHEMA
from kembar_shared.measurement.vocabulary import Grain, State
from kembar_waste.indicators import facilities, series, stocks
from kembar_waste.indicators.stocks import STOCK
from kembar_waste.indices import balance
from kembar_waste.standards.survey import CONVENTION

if TYPE_CHECKING:
    from kembar_shared.measurement.standards import Standards

METHOD: Final = "kembar/mass-balance@4"
INDEX: Final = "mass_balance"

IN: Final = ("received", "collected")
"""What comes in: the first of them that a facility reports; they are the same waste."""

OUT: Final = ("recycled", "composted", "reused", "incinerated", "landfilled", "residual")

_FLOWS: Final = (*IN, *OUT)
_FACILITY: Final = ("station", "year")
_SLOT: Final = ("station", "grain", "slot_start")
_PERIOD: Final = ("station", "grain", "period")
_TRUNCATION: Final = {Grain.MONTH: "1mo", Grain.YEAR: "1y"}
_SLOTS: Final = {Grain.MONTH: {"month": 1}, Grain.YEAR: {"month": 12, "year": 1}}


def refuse_unfit(standards: Standards) -> None:
    """Refuse tolerances that are no shares.

    Raises:
        StandardsUnfit: One of them is none.
    """
    facilities.dated(standards, CONVENTION, "tolerance", "1", most=1.0)


def indices(days: pl.DataFrame, standards: Standards) -> pl.DataFrame:
    """Return the mass balance of each facility, month and year, as `INDEX_SCHEMA`.

    Only those days (or reported months, or years) count of which every flow that the facility
    reports in the calendar year is known. The stock is a level, that of a day the mean of its
    readings: it grew by the last day's less that of the day before the first. Where the day before
    has none, it grew from the first day's on, and what came in and went out that day is left out
    (`opening` of the detail is `first_day`). An older reading opens nothing: what came in and went
    out since then lies outside the period. Where the stock is measured the flows have to be
    complete; it is, in the calendar years that it is read in and twelve months after its last
    reading (`completeness.CLOSED_AFTER`).

    Args:
        days: Of `DAYS_SCHEMA`, of whole calendar years, and of the stock also of the year before.
        standards: Whose factor `kembar` / `mass_balance` / `tolerance` says what is balanced.
    """
    flows, levels = _flows(days, standards)
    rows = pl.concat(_periods(flows, levels, length, standards) for length in _TRUNCATION)
    if rows.is_empty():
        return pl.DataFrame(schema=INDEX_SCHEMA)
    method = standards.method(METHOD, CONVENTION, COMPLETENESS)
    return (
        pl.concat(_named(group, standards) for group in rows.partition_by("period"))
        .with_columns(index=pl.lit(INDEX), unit=pl.lit("1"), method=pl.lit(method))
        .with_columns(critical=pl.lit(None, dtype=pl.String))
        .select(INDEX_SCHEMA.names())
        .cast(INDEX_SCHEMA)
        .sort("station", "grain", "period")
    )


def _flows(days: pl.DataFrame, standards: Standards) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return each slot's flows and stock in t, null where one is not known of all its series.

    Returns:
        One row per station, grain and slot: a column for each flow, `stock`, `c_` and a flow's
        name for what it covers, and of the facility's year `has_` and its name; `owed_until` as
        of `stocks.owed`. And the levels of the stock, as of `stocks.levels`.
    """
    chosen = series.totals_or_parts(days.filter(pl.col("parameter").is_in([*_FLOWS, STOCK])))
    is_level = (pl.col("parameter") == STOCK) & (pl.col("n") > 0)
    levels = chosen.with_columns(
        pl.when(is_level).then(pl.col("sum") / pl.col("n")).otherwise("sum").alias("sum")
    )
    units = series.of_series(levels).with_columns(year=pl.col("period").dt.year())
    # A total of some days is not expected on those on which its parts stand for it.
    same = (*_FACILITY, "grain", "parameter", pl.col("member").str.ends_with("//"))
    expected = pl.col("member").n_unique().over(same)
    known = (
        units.with_columns(expected=expected)
        .rename({"period": "slot_start"})
        .group_by(*_SLOT, "year", "parameter", maintain_order=True)
        .agg(
            pl.col("numerator").sum(),
            pl.col("covered").min(),
            is_known=(pl.col("n") > 0).sum() == pl.col("expected").first(),
            following=pl.col("following").first(),
        )
        .with_columns(
            pl.when("is_known").then("numerator"),
            pl.when("is_known").then("covered").otherwise(0.0),
        )
    )
    codes = (*_FLOWS, STOCK)
    has = known.group_by(_FACILITY).agg(
        (pl.col("parameter") == code).any().alias(f"has_{code}") for code in codes
    )
    # In one order: sums of the same numbers in another would not be the same to the last digit.
    slots = known.group_by(*_SLOT, "year", maintain_order=True).agg(
        *(_of(code, "numerator").alias(code) for code in codes),
        *(_of(code, "covered").fill_null(0.0).alias(f"c_{code}") for code in codes),
        following=pl.col("following").first(),
    )
    flows = (
        slots.join(has, on=_FACILITY, maintain_order="left")
        .join(stocks.owed(known, standards), on=_FACILITY, how="left", maintain_order="left")
        .filter(pl.any_horizontal(f"has_{code}" for code in _FLOWS))
    )
    return flows, stocks.levels(slots)


def _of(code: str, column: str) -> pl.Expr:
    return pl.col(column).filter(pl.col("parameter") == code).first()


def _periods(
    flows: pl.DataFrame, levels: pl.DataFrame, length: Grain, standards: Standards
) -> pl.DataFrame:
    """Add flows up to months or years, and judge how much of these is known."""
    came_in = pl.when("has_received").then("received").otherwise("collected")
    is_out_known = pl.all_horizontal(~pl.col(f"has_{c}") | pl.col(c).is_not_null() for c in OUT)
    has_in, has_out = pl.any_horizontal("has_received", "has_collected"), _any_out()
    is_known = has_in & has_out & came_in.is_not_null() & is_out_known
    covers = [
        pl.when(pl.col(f"has_{c}") & _counts(c)).then(f"c_{c}").otherwise(1.0) for c in _FLOWS
    ]
    first = pl.col("slot_start").dt.truncate(_TRUNCATION[length])
    grains = ["day", *_SLOTS[length]]
    is_first = (pl.col("slot_start") == first) & (pl.col("grain") == "day")
    is_counted = is_known & ~(is_first & pl.col("has_stock") & pl.col("before").is_null())
    chosen = flows.filter(pl.col("grain").is_in(grains))
    slots = stocks.opened(chosen, levels, first).with_columns(
        came_in=pl.when(is_counted).then(came_in),
        out=pl.when(is_counted).then(pl.sum_horizontal(OUT)),
        least=pl.when(is_known).then(pl.min_horizontal(covers)).otherwise(0.0),
    )
    following = pl.col("period").dt.offset_by(_TRUNCATION[length])
    days_long = (following - pl.col("period")).dt.total_days()
    expected = (
        pl.when(pl.col("grain") == "day")
        .then(days_long)
        .otherwise(pl.col("grain").replace_strict(_SLOTS[length], default=None))
    )
    has = [f"has_{code}" for code in (*_FLOWS, STOCK)]
    is_last = (pl.col("following") == following) & (pl.col("grain") == "day")
    sums = (
        slots.with_columns(
            on_first=pl.when(is_first).then(STOCK), closing=pl.when(is_last).then(STOCK)
        )
        .group_by(_PERIOD)
        .agg(
            pl.col("came_in", "out", "least").sum(),
            pl.col("on_first", "closing").max(),
            *(pl.col(f"c_{code}").sum() for code in _FLOWS),
            pl.col(*has, "last_on", "last_t", "before").first(),
        )
        .with_columns(expected=expected, opening=pl.coalesce("before", "on_first"))
        .with_columns(
            coverage=pl.min_horizontal(pl.col("least") / pl.col("expected"), 1.0),
            jurisdiction=pl.col("station"),
            numerator=pl.col("came_in"),
            denominator=pl.col("out"),
            data_grain=pl.col("grain"),
            stock_change=pl.col("closing") - pl.col("opening"),
        )
    )  # fmt: skip
    return coverage.finest(sums, standards, length=length).with_columns(grain=pl.lit(length.value))


def _counts(code: str) -> pl.Expr:
    """Say whether a flow is part of the balance: what is received was collected before."""
    return ~pl.col("has_received") if code == "collected" else pl.lit(value=True)


def _any_out() -> pl.Expr:
    return pl.any_horizontal(f"has_{code}" for code in OUT)


def _named(rows: pl.DataFrame, standards: Standards) -> pl.DataFrame:
    """Give the balances of one period their value, category, state and detail."""
    on = rows["period"][0]
    tolerance = standards.factor(CONVENTION, "mass_balance", "tolerance", on).value
    change = rows.select(pl.when("has_stock").then("stock_change").otherwise(0.0)).to_series()
    found = balance.mass_balance(
        rows["numerator"].to_numpy(), rows["denominator"].to_numpy(), change.to_numpy()
    )
    least = _least(standards)
    enough = pl.when("has_stock").then(
        pl.col("stock_change").is_not_null() & (pl.col("coverage") >= 1.0)
    ).otherwise(pl.col("coverage") >= least)  # fmt: skip
    state = (
        pl.when(~enough)
        .then(pl.lit(State.INSUFFICIENT.value))
        .when(pl.col("share").is_null())
        .then(pl.lit(State.CANNOT_ASSESS.value))
        .when(pl.col("coverage") < 1.0)
        .then(pl.lit(State.PROVISIONAL.value))
        .otherwise(pl.lit(State.OK.value))
    )
    has_number = pl.col("state").is_in([State.OK.value, State.PROVISIONAL.value])
    return (
        rows.with_columns(
            share=pl.Series(found.share, dtype=pl.Float64, nan_to_null=True),
            leak_t=pl.Series(found.leak, dtype=pl.Float64, nan_to_null=True),
            category=pl.Series(balance.category(found.share, tolerance)),
        )
        .with_columns(state=state)
        .with_columns(
            value=pl.when(has_number).then("share"),
            category=pl.when(has_number).then("category"),
            parameters=_listed(*_used()),
            missing=_listed(*_missing(least)),
        )
        .with_columns(
            detail=pl.struct(
                _reason().alias("reason"),
                in_t=pl.when(has_number).then("numerator"),
                out_t=pl.when(has_number).then("denominator"),
                stock_change_t=pl.when(has_number).then("stock_change"),
                opening=pl.when(has_number & pl.col("stock_change").is_not_null()).then(
                    pl.when(pl.col("before").is_not_null())
                    .then(pl.lit("previous_day"))
                    .otherwise(pl.lit("first_day"))
                ),
                last_stock_on=pl.when("has_stock").then("last_on").cast(pl.String),
                last_stock_t=pl.when("has_stock").then("last_t"),
                leak_t=pl.when(has_number).then("leak_t"),
                coverage="coverage",
                grain="data_grain",
                tolerance=pl.lit(tolerance),
            ).struct.json_encode(),
        )
    )


def _least(standards: Standards) -> pl.Expr:
    """Return the share of each balance's month or year that has to be known."""
    year, month = (completeness.least(standards, of) for of in ("year", "month"))
    return pl.when(pl.col("grain") == Grain.YEAR.value).then(year).otherwise(month)


def _reason() -> pl.Expr:
    """Say why there is no balance where no missing flow says so."""
    is_missing = pl.col("missing").list.set_difference([STOCK]).list.len() > 0
    return (
        pl.when(pl.col("state") == State.CANNOT_ASSESS.value)
        .then(
            pl.when(pl.col("numerator") == 0.0)
            .then(pl.lit("nothing_came_in"))
            .otherwise(pl.lit("negative_mass"))
        )
        .when((pl.col("state") != State.INSUFFICIENT.value) | is_missing)
        .then(None)
        .when(pl.col("has_stock") & pl.col("opening").is_null())
        .then(pl.lit("no_opening_stock"))
        .when(pl.col("has_stock") & pl.col("closing").is_null())
        .then(pl.lit("no_closing_stock"))
        .when("has_stock")
        .then(pl.lit("flows_incomplete_beside_stock"))
        .otherwise(pl.lit("sides_known_at_different_times"))
    )


def _listed(*codes: pl.Expr) -> pl.Expr:
    return pl.concat_list(codes).list.drop_nulls()


def _used() -> list[pl.Expr]:
    """Name the parameters that a balance is made from."""
    return [
        pl.when(pl.col(f"has_{code}") & _counts(code)).then(pl.lit(code))
        for code in (*_FLOWS, STOCK)
    ]


def _missing(least: pl.Expr) -> list[pl.Expr]:
    """Name the parameters without which a balance is insufficient."""
    is_short = pl.col("state") == State.INSUFFICIENT.value
    has_in = pl.any_horizontal("has_received", "has_collected")
    named = []
    for code in _FLOWS:
        is_poor = pl.col(f"c_{code}") / pl.col("expected") < least
        is_absent = ~has_in if code == "received" else ~_any_out() & (code in OUT)
        is_missing = (pl.col(f"has_{code}") & _counts(code) & is_poor) | is_absent
        named.append(pl.when(is_short & is_missing).then(pl.lit(code)))
    no_stock = pl.col("has_stock") & pl.col("stock_change").is_null()
    return [*named, pl.when(is_short & no_stock).then(pl.lit(STOCK))]
