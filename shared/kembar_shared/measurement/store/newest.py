"""The newest value of each series, kept beside the measurements."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import polars as pl
from sqlalchemy import select

from kembar_shared.chassis.database import is_cluster
from kembar_shared.measurement.store import bulk
from kembar_shared.measurement.store.rows import insert
from kembar_shared.measurement.store.selecting import VERSION
from kembar_shared.measurement.store.tables import LATEST
from kembar_shared.measurement.vocabulary import Flag

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from kembar_shared.chassis.database import Connection

UNSEEN: Final = frozenset({Flag.FAIL, Flag.MISSING})
"""Flags of values that are never a series's newest."""

_AT_ONCE: Final = 1000
"""Rows of a statement: SQLite takes 32,766 values."""

_NAMED: Final = 10_000
"""Series named in a statement, likewise."""

_UNSEEN: Final = sorted(map(int, UNSEEN))
_FORGET: Final = "DELETE FROM latest WHERE series_id IN ({ids})"
_RENEW: Final = """
    WITH t (series_id) AS (VALUES {values})
    INSERT INTO latest ({columns})
    SELECT {measured} FROM t JOIN measurement m
      ON m.series_id = t.series_id
     AND m.time_us = (SELECT max(x.time_us) FROM measurement x
                      WHERE x.series_id = t.series_id AND x.flag NOT IN ({unseen}))
"""
_RENEW_ON_CLUSTER: Final = """
    WITH t (series_id, time_us) AS (
        SELECT x.series_id, max(x.time_us) FROM measurement x
        WHERE x.series_id IN ({ids}) AND x.flag NOT IN ({unseen}) GROUP BY x.series_id)
    INSERT INTO latest ({columns})
    SELECT {measured} FROM t JOIN measurement m
      ON m.series_id = t.series_id AND m.time_us = t.time_us
"""
_ADVANCE: Final = f"""
    ON CONFLICT (series_id) DO UPDATE
    SET {", ".join(f"{name} = excluded.{name}" for name in VERSION if name != "series_id")}
    WHERE excluded.time_us >= latest.time_us
"""


def add(conn: Connection, fresh: pl.DataFrame, constants: Mapping[str, int]) -> None:
    """Let the newest of rows that were just inserted take the place of older ones.

    Args:
        conn: The transaction that inserted them.
        fresh: The rows, by series and time.
        constants: Columns that are the same in all of them.
    """
    newest = (
        fresh.filter(~pl.col("flag").is_in(_UNSEEN))
        .unique("series_id", keep="last", maintain_order=True)
        .with_columns(pl.lit(value).alias(name) for name, value in constants.items())
    )
    names = [name for name in VERSION if name in newest.columns]
    for part in newest.select(names).iter_slices(_AT_ONCE):
        advance(conn, names, part.rows())


def advance(conn: Connection, names: Sequence[str], rows: Sequence[tuple[Any, ...]]) -> None:
    """Let values take the place of older ones.

    Args:
        conn: A writing transaction.
        names: Columns of the table.
        rows: A value for each of them; no two rows of one series, and few enough for a statement.
    """
    insert(conn, LATEST, names, rows, tail=_ADVANCE)


def renew(conn: Connection, spans: pl.DataFrame) -> None:
    """Find the newest value of each series anew where what changed may have been it.

    Args:
        conn: A writing transaction.
        spans: `series_id` and `last_us`, the instant of the last measurement that changed.
    """
    newest: dict[int, int] = {}
    for part in spans["series_id"].unique().sort().to_frame().iter_slices(_NAMED):
        named = LATEST.c.series_id.in_(part["series_id"].to_list())
        known = select(LATEST.c.series_id, LATEST.c.time_us).where(named)
        newest.update((row.series_id, row.time_us) for row in conn.execute(known))
    ids = [
        series
        for series, last_us in spans.select("series_id", "last_us").rows()
        if series not in newest or last_us >= newest[series]
    ]
    for values in bulk.values(pl.DataFrame({"series_id": ids}, schema={"series_id": pl.Int32})):
        listed = values.translate({ord("("): None, ord(")"): None})
        conn.exec_driver_sql(_FORGET.format(ids=listed))
        conn.exec_driver_sql(
            (_RENEW_ON_CLUSTER if is_cluster(conn) else _RENEW).format(
                values=values,
                ids=listed,
                unseen=", ".join(map(str, _UNSEEN)),
                columns=", ".join(VERSION),
                measured=", ".join(f"m.{name}" for name in VERSION),
            )
        )
