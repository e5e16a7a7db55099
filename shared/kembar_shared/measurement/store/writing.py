"""Set-based writing of measurements: new, corrected and unchanged ones told apart in one join.

A series without any measurement in the span of time that a file covers can only be added to: its
rows go straight into the table. All others are staged beside what is stored.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import polars as pl
from sqlalchemy import text

from kembar_shared.chassis.database import is_cluster, is_sqlite
from kembar_shared.measurement.store import bulk, newest, sums
from kembar_shared.measurement.store.tables import CHANGE, MEASUREMENT
from kembar_shared.measurement.vocabulary import Flag

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kembar_shared.chassis.database import Connection

ROWS: Final = {
    "series_id": pl.Int32, "time_us": pl.Int64, "value": pl.Float64, "limit_value": pl.Float64,
    "line": pl.Int32, "span": pl.Int16, "flag": pl.Int16, "qualifier": pl.String,
    "sent": pl.String, "extra": pl.String,
}  # fmt: skip
"""Columns of rows to be stored; the last three and `limit_value` may be absent."""

_SQL_TYPES: Final = {
    pl.Int16: "SMALLINT", pl.Int32: "INTEGER", pl.Int64: "BIGINT",
    pl.Float64: "DOUBLE PRECISION", pl.String: "TEXT",
}  # fmt: skip
_STAGED: Final = ROWS | {"first_day": pl.Int32}
_CONTENT: Final = ("value", "qualifier", "limit_value", "extra")
"""What makes a value of the same identity another value."""

_REPLACED: Final = tuple(name for name in ROWS if name not in {"series_id", "time_us"})
_KEYED: Final = ", ".join(ROWS)
_SAME: Final = " AND ".join(f"{{a}}.{name} IS NOT DISTINCT FROM {{b}}.{name}" for name in _CONTENT)
_CLASSIFY: Final = f"""
    CREATE TEMP TABLE classed AS
    SELECT s.*, m.span AS old_span, m.revision AS old_revision,
           CASE WHEN m.series_id IS NULL THEN 'new'
                WHEN m.flag = {int(Flag.MISSING)} AND {_SAME.format(a="s", b="m")}
                  OR EXISTS (SELECT 1 FROM measurement_revision r
                             WHERE r.series_id = s.series_id AND r.time_us = s.time_us
                               AND {_SAME.format(a="s", b="r")}) THEN 'superseded'
                ELSE 'changed' END AS status
    FROM staged s LEFT JOIN measurement m
      ON m.series_id = s.series_id AND m.time_us = s.time_us
     AND m.time_us BETWEEN :first_us AND :last_us
    WHERE m.series_id IS NULL OR m.flag = {int(Flag.MISSING)}
       OR NOT ({_SAME.format(a="s", b="m")})
"""
_FETCH: Final = (
    """
    CREATE TEMP TABLE standing ON COMMIT DROP AS
    SELECT m.* FROM staged s JOIN measurement m
      ON m.series_id = s.series_id AND m.time_us = s.time_us
     AND m.time_us BETWEEN :first_us AND :last_us
""",
    """
    CREATE TEMP TABLE past ON COMMIT DROP AS
    SELECT r.* FROM staged s JOIN measurement_revision r
      ON r.series_id = s.series_id AND r.time_us = s.time_us
""",
)
"""What `_CLASSIFY` reads on a cluster: Citus joins what is spread to the inside alone.

Source: citusdata/citus pull requests 4358 and 6512.
"""
KEEP_OLD: Final = f"""
    INSERT INTO measurement_revision ({_KEYED}, upload_id, revision, judged_by, replaced_by)
    SELECT {", ".join(f"m.{name}" for name in ROWS)},
           m.upload_id, m.revision, m.judged_by, :event
    FROM classed c JOIN measurement m ON m.series_id = c.series_id AND m.time_us = c.time_us
     AND m.time_us BETWEEN :first_us AND :last_us
    WHERE c.status = 'changed'
"""
_CORRECT: Final = f"""
    UPDATE measurement SET {", ".join(f"{name} = c.{name}" for name in _REPLACED)},
           upload_id = :event, revision = c.old_revision + 1, judged_by = NULL
    FROM classed c
    WHERE c.status = 'changed' AND measurement.time_us BETWEEN :first_us AND :last_us
      AND measurement.series_id = c.series_id AND measurement.time_us = c.time_us
"""
_INSERT: Final = f"""
    INSERT INTO measurement ({_KEYED}, upload_id, revision)
    SELECT {_KEYED}, :event, 1 FROM classed WHERE status = 'new' ORDER BY series_id, time_us
"""
_TOUCHED: Final = f"""
    SELECT DISTINCT series_id, {sums.GRAIN_SQL.format(span="span")}, first_day
    FROM classed WHERE status IN ('new', 'changed')
"""
_MOVED: Final = """
    SELECT series_id, time_us, old_span FROM classed
    WHERE status = 'changed' AND old_span <> span
"""
_FOUND: Final = """
    SELECT 1 FROM measurement m
    WHERE m.series_id = s.series_id AND m.time_us >= s.low AND m.time_us <= s.high LIMIT 1
"""
# Each by itself: PostgreSQL would rather read the whole table.
_ANY: Final = f"CROSS JOIN LATERAL ({_FOUND}) AS found"
_ANY_OF_SQLITE: Final = f"WHERE EXISTS ({_FOUND})"
_ANY_OF_CLUSTER: Final = """
    JOIN measurement m ON m.series_id = s.series_id AND m.time_us BETWEEN s.low AND s.high
     AND m.time_us BETWEEN :first_us AND :last_us GROUP BY s.series_id, m.series_id
"""
_SPANS: Final = """
    SELECT series_id, min(time_us), max(time_us), count(*) FROM classed
    WHERE status IN ('new', 'changed') GROUP BY series_id
"""
_FLAGGED: Final = f"""
    SELECT count(*) FROM classed
    WHERE status IN ('new', 'changed') AND flag IN ({int(Flag.SUSPECT)}, {int(Flag.FAIL)})
"""


@dataclass(frozen=True, slots=True)
class Staged:
    """Rows beside what is stored.

    Attributes:
        fresh: Rows of series that have no measurement in the span of the file; all are new.
        counts: Status (`new`, `same`, `changed`, `superseded`) -> number of rows, *fresh* included.
        has_known: Other rows wait in the temporary table `classed`.
    """

    fresh: pl.DataFrame
    counts: Mapping[str, int]
    has_known: bool


def stage(conn: Connection, rows: pl.DataFrame) -> Staged:
    """Put *rows* beside what is stored and say how many are of each status.

    Args:
        conn: A writing transaction that holds the rows' series.
        rows: Columns of `ROWS`, and those of `sums.places`; the rows of a series together and
            by time, one row per series and time.
    """
    occupied = _occupied(conn, rows)
    is_known = pl.col("series_id").is_in(occupied)
    is_all = len(occupied) == rows["series_id"].n_unique()
    fresh = rows if not occupied else rows.clear() if is_all else rows.filter(~is_known)
    counts = {"new": fresh.height, "same": 0, "changed": 0, "superseded": 0}
    if not occupied:
        return Staged(fresh, counts, has_known=False)
    known = rows if is_all else rows.filter(is_known)
    _fill(conn, known)
    same = "IS" if is_sqlite(conn) else "IS NOT DISTINCT FROM"
    # SQLite learned the standard's spelling in 3.39, older ones are about.
    classify = _CLASSIFY.replace("IS NOT DISTINCT FROM", same)
    if is_cluster(conn):
        for statement in _FETCH:
            conn.exec_driver_sql(within(statement, known["time_us"], known["time_us"]))
        classify = classify.replace("measurement_revision r", "past r")
        classify = classify.replace("measurement m", "standing m")
        analyze(conn, "standing")
        analyze(conn, "past")
    conn.exec_driver_sql(within(classify, known["time_us"], known["time_us"]))
    analyze(conn, "classed")
    found = conn.execute(text("SELECT status, count(*) AS n FROM classed GROUP BY status"))
    others = {row.status: row.n for row in found}
    counts |= others | {"new": fresh.height + others.get("new", 0)}
    counts["same"] = known.height - sum(others.values())
    return Staged(fresh, counts, has_known=True)


def within(statement: str, first_us: pl.Series, last_us: pl.Series) -> str:
    """Put the outermost instants into *statement*, for the partitions to be told by."""
    low, high = int(first_us.min()), int(last_us.max())  # type: ignore[arg-type]  # they are numbers
    return statement.replace(":first_us", str(low)).replace(":last_us", str(high))


def superseded(conn: Connection) -> pl.DataFrame:
    """Return `series_id` and `time_us` of rows whose value was replaced or taken back before."""
    wanted = text("SELECT series_id, time_us FROM classed WHERE status = 'superseded'")
    schema = {"series_id": pl.Int32, "time_us": pl.Int64}
    return pl.DataFrame([tuple(row) for row in conn.execute(wanted)], schema=schema, orient="row")


def reinstate(conn: Connection) -> None:
    """Let values that were replaced before count as corrections."""
    conn.execute(text("UPDATE classed SET status = 'changed' WHERE status = 'superseded'"))


def apply(conn: Connection, event: int, staged: Staged, zones: Mapping[int, str]) -> int:
    """Store what is new or changed, with sums, newest values and the ranges that changed.

    Args:
        conn: The transaction that staged it.
        event: Number of the upload.
        staged: What `stage` returned.
        zones: Time zone of each series.

    Returns:
        How many of the rows stored are flagged as suspect or failed.
    """
    flagged = 0
    if not staged.fresh.is_empty():
        flagged = _apply_fresh(conn, event, staged.fresh, zones)
    if staged.has_known:
        flagged += _apply_known(conn, event, zones)
    return flagged


def _apply_fresh(
    conn: Connection, event: int, fresh: pl.DataFrame, zones: Mapping[int, str]
) -> int:
    constants = {"upload_id": event, "revision": 1}
    stored = fresh.select(name for name in ROWS if name in fresh.columns)
    bulk.append(conn, MEASUREMENT.name, stored, constants)
    sums.add(conn, fresh, zones)
    newest.add(conn, fresh, constants)
    spans = fresh.group_by("series_id", maintain_order=True).agg(
        first_us=pl.col("time_us").min(), last_us=pl.col("time_us").max(), n=pl.len().cast(pl.Int32)
    )
    bulk.append(conn, CHANGE.name, spans, {"event_id": event})
    return int(fresh["flag"].is_in([int(Flag.SUSPECT), int(Flag.FAIL)]).sum())


def _apply_known(conn: Connection, event: int, zones: Mapping[int, str]) -> int:
    spans = pl.DataFrame(
        [tuple(row) for row in conn.execute(text(_SPANS))],
        schema={"series_id": pl.Int32, "first_us": pl.Int64, "last_us": pl.Int64, "n": pl.Int32},
        orient="row",
    )
    if spans.is_empty():
        return 0
    for statement in (KEEP_OLD, _CORRECT, _INSERT):
        conn.execute(text(within(statement, spans["first_us"], spans["last_us"])), {"event": event})
    bulk.append(conn, CHANGE.name, spans, {"event_id": event})
    touched = sums.buckets(conn.execute(text(_TOUCHED)).all())
    moved = sums.buckets_of_instants(conn.execute(text(_MOVED)).all(), zones)
    sums.recompute(conn, pl.concat([touched, moved]).unique(), zones)
    newest.renew(conn, spans)
    return int(conn.execute(text(_FLAGGED)).scalar_one())


def _occupied(conn: Connection, rows: pl.DataFrame) -> list[int]:
    """Return the series that have any measurement between their first and last row."""
    spans = rows.group_by("series_id", maintain_order=True).agg(
        low=pl.col("time_us").min(), high=pl.col("time_us").max()
    )
    found: list[int] = []
    probe = _ANY
    if is_sqlite(conn):
        probe = _ANY_OF_SQLITE
    elif is_cluster(conn):
        probe = within(_ANY_OF_CLUSTER, spans["low"], spans["high"])
    for spelled in bulk.values(spans):
        found += conn.exec_driver_sql(
            f"WITH span (series_id, low, high) AS (VALUES {spelled}) SELECT s.series_id "
            f"FROM span s {probe}"
        ).scalars()
    return found


def _fill(conn: Connection, rows: pl.DataFrame) -> None:
    """Put *rows* into the temporary table `staged`."""
    schema = "temp" if is_sqlite(conn) else "pg_temp"
    for name in ("classed", "staged", "standing", "past"):
        conn.execute(text(f"DROP TABLE IF EXISTS {schema}.{name}"))
    shape = ", ".join(f"{name} {_SQL_TYPES[kind]}" for name, kind in _STAGED.items())
    gone = "" if is_sqlite(conn) else " ON COMMIT DROP"
    conn.execute(text(f"CREATE TEMP TABLE staged ({shape}){gone}"))
    bulk.append(conn, "staged", rows.select(n for n in _STAGED if n in rows.columns))
    analyze(conn, "staged")


def analyze(conn: Connection, table: str) -> None:
    """Count *table*, which is temporary; else the planner takes a join ten times slower."""
    if not is_sqlite(conn):
        conn.execute(text(f"ANALYZE {table}"))
