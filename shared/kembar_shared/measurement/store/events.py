"""Events in the order of their commits, receipts of uploads and their refused cells."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

import polars as pl
from sqlalchemy import insert, select, update

from kembar_shared.measurement.store import bulk
from kembar_shared.measurement.store.tables import EVENT, FEED, REJECTION, UPLOAD

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy import RowMapping

    from kembar_shared.chassis.database import Connection

UPLOADED: Final = "upload"
REVIEWED: Final = "review"
RETRACTED: Final = "retraction"
STATION_CHANGED: Final = "station"
RULES_CHANGED: Final = "rules"
CHECKED: Final = "checked"

PEOPLE: Final = (REVIEWED, RETRACTED)
"""Kinds of events by which a person gave a flag, which no check ever changes."""

_TICK: Final = timedelta(microseconds=1)


def begin(conn: Connection, kind: str, client: str) -> int:
    """Note that *client* does something; return the event's number."""
    wanted = insert(EVENT).values(kind=kind, client=client).returning(EVENT.c.id)
    return int(conn.execute(wanted).scalar_one())


def end(conn: Connection, event: int) -> datetime:
    """Give the event its place in the order of commits and return its instant.

    Call it last of all: until the transaction ends, no other event gets a place.
    """
    row = conn.execute(select(FEED.c.seq, FEED.c.recorded_at).with_for_update()).one()
    at: datetime = max(datetime.now(UTC), row.recorded_at.replace(tzinfo=UTC) + _TICK)
    conn.execute(update(FEED).values(seq=row.seq + 1, recorded_at=at))
    conn.execute(update(EVENT).where(EVENT.c.id == event).values(seq=row.seq + 1, recorded_at=at))
    return at


def newest(conn: Connection) -> tuple[int, datetime]:
    """Return place and instant of the newest event; 0 where nothing ever happened."""
    row = conn.execute(select(FEED.c.seq, FEED.c.recorded_at)).one()
    return row.seq, row.recorded_at


def keep_upload(conn: Connection, receipt: Mapping[str, Any]) -> None:
    """Keep the receipt of an upload under the number of its event."""
    conn.execute(insert(UPLOAD).values(**receipt))


def keep_rejections(conn: Connection, upload: int, errors: pl.DataFrame) -> None:
    """Keep every failing cell of an upload (columns of `uploads.ERRORS_SCHEMA`, and `raw`)."""
    # What no database keeps as text is shown by a mark; the line and the code say the rest.
    text = pl.col(pl.String).str.replace_all("\x00", "\N{REPLACEMENT CHARACTER}", literal=True)
    rows = errors.with_columns(text).select(
        pl.int_range(1, pl.len() + 1, dtype=pl.Int32).alias("number"),
        "line",
        pl.col("column").alias("column_name"),
        "value",
        "code",
        "expected",
        "raw",
    )
    bulk.append(conn, REJECTION.name, rows, {"upload_id": upload})


def upload(conn: Connection, code: str) -> RowMapping | None:
    """Return the receipt with this code, if there is one."""
    wanted = (
        select(UPLOAD, EVENT.c.recorded_at)
        .join(EVENT, EVENT.c.id == UPLOAD.c.id)
        .where(UPLOAD.c.code == code)
    )
    return conn.execute(wanted).mappings().one_or_none()


def rejections(conn: Connection, upload: int, *, after: int, limit: int) -> Sequence[RowMapping]:
    """Return the failing cells of an upload in the order of its lines."""
    wanted = (
        select(REJECTION, REJECTION.c.column_name.label("column"))
        .where(REJECTION.c.upload_id == upload, REJECTION.c.number > after)
        .order_by(REJECTION.c.number)
        .limit(limit)
    )
    return conn.execute(wanted).mappings().all()
