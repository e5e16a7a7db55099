"""The stock of a facility: a level, with which a month or year opens as the one before closed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import polars as pl

from kembar_shared.measurement import completeness

if TYPE_CHECKING:
    from kembar_shared.measurement.standards import Standards

STOCK: Final = "stock"


def levels(slots: pl.DataFrame) -> pl.DataFrame:
    """Return the days on which a facility's stock is known.

    Args:
        slots: `station`, `grain`, `slot_start`, `following` and `stock` in t, null where it is not
            known of all that is kept apart.

    Returns:
        `station`, `last_on`, `last_t`, and `closed`, the day after, in its order.
    """
    known = slots.filter(pl.col("grain") == "day", pl.col(STOCK).is_not_null())
    return known.select("station", closed="following", last_on="slot_start", last_t=STOCK).sort(
        "closed"
    )


def owed(known: pl.DataFrame, standards: Standards) -> pl.DataFrame:
    """Say until when the readings of a calendar year let one expect others in the next.

    Args:
        known: `station`, `year`, `parameter` and `following` of what was reported.
        standards: Say after how long a silence none is expected.

    Returns:
        `station`, `year`, the one after the readings, and `owed_until`: months and years that
        begin on that day or later expect no stock (`completeness.CLOSED_AFTER`).
    """
    return (
        known.filter(pl.col("parameter") == STOCK)
        .group_by("station", pl.col("year") + 1)
        .agg(pl.col("following").max())
        .with_columns(owed_until=completeness.closed_on(standards, "following"))
        .drop("following")
    )


def opened(flows: pl.DataFrame, levels: pl.DataFrame, first: pl.Expr) -> pl.DataFrame:
    """Add what is known of the stock before the month or year that each slot lies in.

    Args:
        flows: With `station`, `slot_start`, `has_stock` and `owed_until`.
        levels: As of the function of that name.
        first: First day of the month or year of each slot.

    Returns:
        *flows* by `period`, that first day, with `last_on` and `last_t` of the last reading before
        it, in the same or the preceding calendar year; `before`, that reading where it is of the
        day before; and `has_stock` also where there is no reading in the year, and one is expected.
    """
    found = (
        flows.with_columns(period=first)
        .sort("period", maintain_order=True)
        .join_asof(
            levels, left_on="period", right_on="closed", by="station", check_sortedness=False
        )
    )
    is_near = pl.col("last_on").dt.year() >= pl.col("period").dt.year() - 1
    is_owed = (pl.col("period") < pl.col("owed_until")).fill_null(value=False)
    return found.with_columns(
        pl.when(is_near).then(pl.col("last_on", "last_t")),
        before=pl.when(pl.col("closed") == pl.col("period")).then("last_t"),
        has_stock=pl.col("has_stock") | is_owed,
    )
