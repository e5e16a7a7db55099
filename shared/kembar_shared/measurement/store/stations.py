"""Stations in the database."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl
from sqlalchemy import select, update
from sqlalchemy.dialects import postgresql, sqlite

from kembar_shared.chassis.database import is_sqlite
from kembar_shared.measurement.store.tables import STATION

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from sqlalchemy import RowMapping

    from kembar_shared.chassis.database import Connection


def read(conn: Connection, *, after: str = "", limit: int = -1) -> Sequence[RowMapping]:
    """Return stations by code; *limit* -1 returns all."""
    wanted = select(STATION).where(STATION.c.code > after).order_by(STATION.c.code)
    return conn.execute(wanted if limit < 0 else wanted.limit(limit)).mappings().all()


def read_one(conn: Connection, code: str) -> RowMapping | None:
    """Return the station with this code, if there is one."""
    wanted = select(STATION).where(STATION.c.code == code)
    return conn.execute(wanted).mappings().one_or_none()


def add(conn: Connection, station: Mapping[str, Any]) -> bool:
    """Insert a station; say whether its code was free."""
    insert = (sqlite if is_sqlite(conn) else postgresql).insert
    wanted = insert(STATION).values(**station).on_conflict_do_nothing(index_elements=["code"])
    return conn.execute(wanted.returning(STATION.c.id)).first() is not None


def change(conn: Connection, code: str, version: int, values: Mapping[str, Any]) -> bool:
    """Change a station that still has *version*; say whether it had."""
    changed = conn.execute(
        update(STATION)
        .where(STATION.c.code == code, STATION.c.version == version)
        .values(**values, version=version + 1)
    )
    return changed.rowcount == 1


def frame(conn: Connection, is_own: Callable[[str], bool]) -> pl.DataFrame:
    """Return `station_id`, `station`, `timezone` and `is_own` of every station."""
    rows = conn.execute(select(STATION.c.id, STATION.c.code, STATION.c.timezone)).all()
    return pl.DataFrame(
        [(row.id, row.code, row.timezone, is_own(row.code)) for row in rows],
        schema={
            "station_id": pl.Int64,
            "station": pl.String,
            "timezone": pl.String,
            "is_own": pl.Boolean,
        },
        orient="row",
    )
