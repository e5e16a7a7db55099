"""What an operator says of facilities, as dated tables to join with days."""

from __future__ import annotations

import math
from datetime import date
from typing import TYPE_CHECKING, Final

import polars as pl

from kembar_shared.measurement.standards import StandardsUnfit
from kembar_waste.standards.survey import FACILITY

if TYPE_CHECKING:
    from kembar_shared.measurement.standards import Standards

CONTROL_LEVELS: Final = {0.0: "open_dump", 1.0: "controlled", 2.0: "sanitary"}

_SCHEMA: Final = {
    "subject": pl.String(),
    "valid_from": pl.Date(),
    "valid_to": pl.Date(),
    "value": pl.Float64(),
    "verified": pl.Boolean(),
}


def dated(
    standards: Standards, standard: str, quantity: str, unit: str, *, most: float = math.inf
) -> pl.DataFrame:
    """Return the factors of one quantity: `subject`, `valid_from`, `valid_to`, `value`, `verified`.

    Each holds for its own days only: nothing is said of those before the first.

    Args:
        standards: Whose factors.
        standard: Of which they are.
        quantity: Which they are.
        unit: The one they have to be in.
        most: Greatest value that can be.

    Raises:
        StandardsUnfit: One of them is in another unit, negative, or greater than *most*.
    """
    for row in standards.factors:
        if (row.standard, row.quantity) == (standard, quantity) and row.unit != unit:
            raise StandardsUnfit(
                f"factor {standard}/{row.subject}/{quantity}: the unit {row.unit!r} is not read "
                f"here; write the value in {unit!r}"
            )
    rows = [
        (row.subject, row.valid_from, row.valid_to or date.max, row.value, row.verified)
        for row in standards.factors
        if (row.standard, row.quantity) == (standard, quantity) and row.valid_from is not None
    ]
    for subject, *_, value, _ in rows:
        if not 0.0 <= value <= most:
            raise StandardsUnfit(
                f"factor {standard}/{subject}/{quantity}: {value:g} is not between 0 and {most:g}"
            )
    return pl.DataFrame(rows, schema=_SCHEMA, orient="row").sort("valid_from")


def control_levels(standards: Standards) -> pl.DataFrame:
    """Return the control levels of stations, as `dated` does.

    Raises:
        StandardsUnfit: One of them is no level.
    """
    levels = dated(standards, FACILITY, "control_level", "1")
    for subject, value in levels.select("subject", "value").iter_rows():
        if value not in CONTROL_LEVELS:
            raise StandardsUnfit(
                f"factor facility/{subject}/control_level: {value:g} is no control level; write "
                "0 (open dump), 1 (controlled) or 2 (sanitary)"
            )
    return levels


def joined(rows: pl.DataFrame, factors: pl.DataFrame, *, by: str, name: str) -> pl.DataFrame:
    """Add the factor in force throughout each row's period, null where none was.

    Args:
        rows: With `period`, `following` and the column *by*.
        factors: As of `dated`.
        by: Column that holds the subject.
        name: Of the column added; *name*`_verified` stands beside it.
    """
    if factors.is_empty():
        return rows.with_columns(
            pl.lit(None, dtype=pl.Float64).alias(name),
            pl.lit(None, dtype=pl.Boolean).alias(f"{name}_verified"),
        )
    found = (
        rows.with_row_index("row")
        .select("row", "period", "following", subject=by)
        .sort("period")
        .join_asof(
            factors,
            left_on="period",
            right_on="valid_from",
            by="subject",
            strategy="backward",
            check_sortedness=False,
        )
        .filter(pl.col("following") <= pl.col("valid_to"))
        .select("row", pl.col("value").alias(name), pl.col("verified").alias(f"{name}_verified"))
    )
    return rows.with_row_index("row").join(found, on="row", how="left").drop("row")
