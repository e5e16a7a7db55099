"""From a figure down to the lines of the files it rests on, and from a file up to its figures."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from kembar_shared.measurement import rollups, store
from kembar_shared.measurement.periods import Period, instant_of_us
from kembar_shared.measurement.problems import UnknownFigure, UnknownUpload
from kembar_shared.measurement.vocabulary import Grain

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kembar_shared.chassis.database import Connection

Row = dict[str, Any]
"""A row with its labels; Any: one member for each column."""


def below(
    conn: Connection, key: tuple[str, str, str], *, after: store.lineage.Place, limit: int
) -> tuple[Row, list[tuple[Row, list[Row]]]]:
    """Return a figure, and the next sums it was made from, each with its measurements.

    Args:
        conn: A reading transaction.
        key: Jurisdiction, indicator and period.
        after: Place of the last sum answered; zeros for the beginning.
        limit: Most sums.

    Raises:
        UnknownFigure: There is no such figure.
    """
    figure = store.lineage.figure(conn, key)
    if figure is None:
        raise UnknownFigure(figure=" ".join(key))
    period = Period.parse(key[2])
    days = rollups.number_of(period.first), rollups.number_of(period.following)
    grain = store.indices.GRAINS.index(period.grain)
    sums = store.lineage.sums_of(conn, key[0], days, grain, after=after, limit=limit)
    measured = store.lineage.measurements_of(conn, sums)
    places = [(row["series_id"], row["first_day"], row["grain"]) for row in sums]
    return dict(figure), [
        (row, measured.get(place, [])) for row, place in zip(sums, places, strict=True)
    ]


def above(conn: Connection, upload: str, *, after: tuple[str, str, str], limit: int) -> list[Row]:
    """Return the next figures whose month or year an upload brought values of.

    Args:
        conn: A reading transaction.
        upload: Code of its receipt.
        after: Jurisdiction, indicator and period of the last figure answered.
        limit: Most figures.

    Raises:
        UnknownUpload: There is no such upload.
    """
    receipt = store.events.upload(conn, upload)
    if receipt is None:
        raise UnknownUpload(upload=upload)
    periods = {
        (reach.jurisdiction, str(period))
        for reach in store.lineage.reach(conn, receipt["id"])
        for period in _periods(reach)
    }
    return store.lineage.figures_of(conn, periods, after=after, limit=limit)


def _periods(reach: store.lineage.Reach) -> Iterator[Period]:
    """Yield the months and years that lie between two instants."""
    zone = ZoneInfo(reach.timezone)
    last = instant_of_us(reach.last_us).astimezone(zone).date()
    for grain in (Grain.MONTH, Grain.YEAR):
        day = instant_of_us(reach.first_us).astimezone(zone).date()
        while day <= last:
            period = Period.of(day, grain)
            yield period
            day = period.following


def digest_of(text: str) -> str:
    """Return the digest by which somebody who may not read a row can tell it from another."""
    return "sha256:" + hashlib.sha256(text.encode()).hexdigest()
