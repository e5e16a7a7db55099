"""Verdicts of several authorities on the same measurements, side by side and never blended."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import polars as pl

from kembar_shared.measurement import rollups, store
from kembar_shared.measurement.indicators import VERDICT_SCHEMA

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import date

    from kembar_shared.chassis.database import Connection
    from kembar_shared.measurement.indicators import Domain

_PLACES_AT_ONCE: Final = 4
_KEY: Final = ("place", "parameter", "period")


def judged(
    conn: Connection,
    domain: Domain,
    stations: Sequence[str],
    days: tuple[date, date],
    *,
    standard: str | None = None,
) -> Iterator[dict[str, Any]]:
    """Yield what is to be said of each place, parameter and calendar year, in their order.

    Args:
        conn: A reading transaction.
        domain: Who judges.
        stations: Codes of the stations asked for, in order; of a service that judges
            jurisdictions, every station of each.
        days: First local day, and the first one no longer asked for: whole years.
        standard: Only verdicts by the standard, or by the authority, of this code.

    Yields:
        `place`, `stations`, `parameter`, `period`; `verdicts`, each of one limit; `disagreement`,
        the standards that are met and those that are not, where some are and some are not.
    """
    at_once = _PLACES_AT_ONCE if domain.judged_by == "station" else max(1, len(stations))
    for start in range(0, len(stations), at_once):
        part = stations[start : start + at_once]
        frame = rollups.days(conn, *days, stations=part)
        if frame.is_empty():
            continue
        numbers = rollups.number_of(days[0]), rollups.number_of(days[1])
        verdicts = domain.verdicts(frame, store.indices.frame(conn, part, numbers))
        if standard is not None:
            verdicts = verdicts.filter(
                (pl.col("standard") == standard) | (pl.col("authority") == standard)
            )
        ordered = verdicts.select(VERDICT_SCHEMA.names()).sort(*_KEY, maintain_order=True)
        for (place, parameter, period), rows in ordered.group_by(_KEY, maintain_order=True):
            yield {
                "place": place,
                "stations": rows["stations"][0].to_list(),
                "parameter": parameter,
                "period": period,
                "verdicts": rows.drop(*_KEY, "stations").to_dicts(),
                "disagreement": _disagreement(rows),
            }


def _disagreement(rows: pl.DataFrame) -> dict[str, list[str]] | None:
    """Name the standards of which every verdict is the one, and those with any of the other.

    A standard of several classes or interim targets is met by its best class alone, so each is
    named with the class: `who-2021 AQG`.
    """
    named = rows.with_columns(
        name=pl.concat_str(
            "standard",
            pl.when(pl.col("class") != "").then("class"),
            separator=" ",
            ignore_nulls=True,
        )
    )
    missed = named.filter(verdict="not_met")["name"].unique(maintain_order=True).to_list()
    met = named.filter(pl.col("verdict") == "met", ~pl.col("name").is_in(missed))
    names = met["name"].unique(maintain_order=True).to_list()
    return {"met": names, "not_met": missed} if names and missed else None
