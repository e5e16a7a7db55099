"""Which programme is credited with what was avoided."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Final

import polars as pl

from kembar_waste.indices import claims as guard

if TYPE_CHECKING:
    from collections.abc import Sequence

_SCHEMA: Final = {
    "programme": pl.String(),
    "station": pl.String(),
    "route": pl.String(),
    "material": pl.String(),
    "since": pl.Date(),
    "until": pl.Date(),
    "share": pl.Float64(),
}


def frame(claims: Sequence[guard.Claim]) -> pl.DataFrame:
    """Return claims as a table, one row each.

    Raises:
        ClaimsOverlap: Claims together take more than there is of one stream.
    """
    guard.refuse_overlaps(claims)
    return pl.DataFrame([asdict(claim) for claim in claims], schema=_SCHEMA).rename(
        {"material": "claimed"}
    )


def credited(streams: pl.DataFrame, claims: pl.DataFrame) -> pl.DataFrame:
    """Return what each claim takes of each stream, as `programme` and `credited`.

    A month or year reported as one number cannot be divided by days: a claim that begins or ends
    amid it takes nothing of it. What nobody takes stays unclaimed.

    Args:
        streams: With `net`, null where it is not known.
        claims: As of `frame`.
    """
    return (
        streams.join(claims, left_on=["station", "parameter"], right_on=["station", "route"])
        .filter(
            (pl.col("claimed") == "") | (pl.col("claimed") == pl.col("material")),
            pl.col("since") <= pl.col("period"),
            pl.col("following") <= pl.col("until"),
        )
        .with_columns(credited=pl.col("net") * pl.col("share"))
    )
