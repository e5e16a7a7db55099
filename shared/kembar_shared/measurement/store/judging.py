"""Flags given to measurements later, by a person or a check; what they replace is kept."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import polars as pl
from sqlalchemy import func, insert, or_, select, text

from kembar_shared.measurement.store import bulk, newest, sums
from kembar_shared.measurement.store.events import PEOPLE
from kembar_shared.measurement.store.selecting import series_of
from kembar_shared.measurement.store.staging import analyze, make_temporary, within
from kembar_shared.measurement.store.tables import (
    CHANGE,
    EVENT,
    MEASUREMENT,
    REVIEW,
    SERIES,
    STATION,
    UPLOAD,
)
from kembar_shared.measurement.store.writing import KEEP_OLD
from kembar_shared.measurement.vocabulary import Flag

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy import ColumnElement, RowMapping

    from kembar_shared.chassis.database import Connection
    from kembar_shared.measurement.store.selecting import Selection

_CHOSEN: Final = ("series_id", "time_us", "span")
_JUDGE: Final = """
    UPDATE measurement SET flag = c.flag, judged_by = :event, revision = measurement.revision + 1
    FROM classed c
    WHERE measurement.series_id = c.series_id AND measurement.time_us = c.time_us
      AND measurement.time_us BETWEEN :first_us AND :last_us
"""


def series_chosen(
    conn: Connection, selection: Selection, upload: int | None
) -> dict[int, dict[str, Any]]:
    """Return the labels of the series that a review is about.

    Args:
        conn: A writing transaction.
        selection: Which ones.
        upload: Only those that this upload touched.
    """
    if upload is None:
        return series_of(conn, selection)
    wanted = select(CHANGE.c.series_id).where(CHANGE.c.event_id == upload)
    touched = set(conn.execute(wanted).scalars())
    return {id_: row for id_, row in series_of(conn, selection).items() if id_ in touched}


def chosen(
    conn: Connection,
    zones: Mapping[int, str],
    selection: Selection,
    *,
    upload: int | None,
    flag: int,
) -> pl.DataFrame:
    """Return the measurements that a review is about, but those that a person gave *flag* already.

    A check's flag that happens to be the same is made a person's: it shall stay. What was taken
    back stays so.

    Args:
        conn: A writing transaction that holds the series.
        zones: Time zone of each of the series.
        selection: Which measurements of them.
        upload: Only those whose value came with this upload.
        flag: The flag they shall get.

    Returns:
        `series_id`, `time_us`, `span`, and `client`, who sent the value.
    """
    conditions: list[ColumnElement[bool]] = [
        MEASUREMENT.c.series_id.in_(sorted(zones)),
        MEASUREMENT.c.flag != Flag.MISSING,
        or_(MEASUREMENT.c.flag != flag, ~_by_a_person()),
        *selection.rows(MEASUREMENT, zones),
    ]
    if upload is not None:
        conditions.append(MEASUREMENT.c.upload_id == upload)
    wanted = select(*(MEASUREMENT.c[name] for name in _CHOSEN), UPLOAD.c.client)
    joined = wanted.join(UPLOAD, UPLOAD.c.id == MEASUREMENT.c.upload_id).where(*conditions)
    schema = {"series_id": pl.Int32, "time_us": pl.Int64, "span": pl.Int16, "client": pl.String}
    rows = [tuple(row) for row in conn.execute(joined)]
    return pl.DataFrame(rows, schema=schema, orient="row")


def _by_a_person() -> ColumnElement[bool]:
    people = select(EVENT.c.id).where(EVENT.c.kind.in_(PEOPLE))
    return func.coalesce(MEASUREMENT.c.judged_by, 0).in_(people)


def judge(conn: Connection, event: int, rows: pl.DataFrame, *, zones: Mapping[int, str]) -> None:
    """Give rows their new flag; what they were is kept, their sums are computed anew.

    Args:
        conn: A writing transaction that holds the series.
        event: Number of the event that judges.
        rows: `series_id`, `time_us`, `span`, and `flag`, the one that they get.
        zones: Time zone of each series.
    """
    shape = {"series_id": pl.Int32, "time_us": pl.Int64, "flag": pl.Int16, "status": pl.String}
    make_temporary(conn, "classed", shape)
    marked = rows.select("series_id", "time_us", "flag", status=pl.lit("changed"))
    bulk.append(conn, "classed", marked)
    analyze(conn, "classed")
    for statement in (KEEP_OLD, _JUDGE):
        bounded = within(statement, rows["time_us"], rows["time_us"])
        conn.execute(text(bounded), {"event": event})
    spans = rows.group_by("series_id").agg(
        first_us=pl.col("time_us").min(), last_us=pl.col("time_us").max(), n=pl.len().cast(pl.Int32)
    )
    bulk.append(conn, CHANGE.name, spans.sort("series_id"), {"event_id": event})
    touched = sums.buckets_of_instants(rows.select("series_id", "time_us", "span").rows(), zones)
    sums.recompute(conn, touched, zones)
    newest.renew(conn, spans)


def keep(conn: Connection, review: Mapping[str, Any]) -> None:
    """Keep a review under the number of its event."""
    conn.execute(insert(REVIEW).values(**review))


def read(
    conn: Connection, *, stations: Sequence[str] | None, after: int, limit: int
) -> Sequence[RowMapping]:
    """Return reviews in their order, each with who made it and when.

    Args:
        conn: A reading transaction.
        stations: Only those that touched one of these stations.
        after: Place of the last review answered.
        limit: Most reviews.
    """
    wanted = (
        select(REVIEW, EVENT.c.kind, EVENT.c.client, EVENT.c.recorded_at, EVENT.c.seq)
        .join(EVENT, EVENT.c.id == REVIEW.c.id)
        .where(EVENT.c.seq > after)
        .order_by(EVENT.c.seq)
        .limit(limit)
    )
    if stations is not None:
        touched = (
            select(CHANGE.c.event_id)
            .join(SERIES, SERIES.c.id == CHANGE.c.series_id)
            .join(STATION, STATION.c.id == SERIES.c.station_id)
            .where(STATION.c.code.in_(stations))
        )
        wanted = wanted.where(REVIEW.c.id.in_(touched))
    return conn.execute(wanted).mappings().all()
