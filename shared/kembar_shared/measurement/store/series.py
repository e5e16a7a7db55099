"""Series: what one station measures of one parameter, and their numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import polars as pl
from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite

from kembar_shared.chassis.database import is_sqlite
from kembar_shared.measurement.store.tables import SERIES

if TYPE_CHECKING:
    from kembar_shared.chassis.database import Connection

IDENTITY: Final = ("station_id", "parameter", "material", "source")

_AT_ONCE: Final = 10_000
"""Series named in a statement: PostgreSQL takes 65,535 values, SQLite 32,766."""


def find(conn: Connection, wanted: pl.DataFrame) -> pl.DataFrame:
    """Return *wanted* (columns of `IDENTITY`) with `series_id`; null where there is none yet."""
    stations = wanted["station_id"].unique().to_list()
    known = select(SERIES.c.id, *(SERIES.c[name] for name in IDENTITY))
    rows = conn.execute(known.where(SERIES.c.station_id.in_(stations))).all()
    schema = {"series_id": pl.Int32, "station_id": pl.Int64} | dict.fromkeys(
        IDENTITY[1:], pl.String
    )
    table = pl.DataFrame([tuple(row) for row in rows], schema=schema, orient="row")
    return wanted.join(table, on=IDENTITY, how="left", maintain_order="left")


def make(conn: Connection, wanted: pl.DataFrame) -> None:
    """Make the series *wanted* (columns of `IDENTITY`, and `cadence`) that are not there."""
    dialect = sqlite if is_sqlite(conn) else postgresql
    rows = wanted.select(*IDENTITY, "cadence").sort(IDENTITY).to_dicts()
    conn.execute(dialect.insert(SERIES).on_conflict_do_nothing(), rows)


def hold(conn: Connection, ids: list[int]) -> None:
    """Let nobody else write to these series until the transaction ends."""
    if is_sqlite(conn):
        return
    ordered = sorted(ids)
    for first in range(0, len(ordered), _AT_ONCE):
        part = SERIES.c.id.in_(ordered[first : first + _AT_ONCE])
        conn.execute(select(SERIES.c.id).where(part).order_by(SERIES.c.id).with_for_update()).all()
