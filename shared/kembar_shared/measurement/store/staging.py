"""Rows of a file beside what is stored: new, corrected, superseded and unchanged told apart.

A series without any measurement in the span of time that a file covers can only be added to. All
others are classed in one join.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import polars as pl
from sqlalchemy import text

from kembar_shared.chassis.database import is_cluster, is_sqlite
from kembar_shared.measurement.store import bulk, sums, unchanged
from kembar_shared.measurement.uploads.converted import SQL
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
_CLASSED: Final = {"old_span": pl.Int16, "old_revision": pl.Int32, "status": pl.String}
_CONTENT: Final = ("value", "qualifier", "limit_value", "extra")
"""What makes a value of the same identity another value."""

_SAME: Final = " AND ".join(f"{{a}}.{name} IS NOT DISTINCT FROM {{b}}.{name}" for name in _CONTENT)
# What was weighed and what was converted from a volume are two statements, equal or not.
_ALIKE: Final = f"{_SAME} AND {SQL.format(sent='{a}.sent')} = {SQL.format(sent='{b}.sent')}"
_IS_BEATEN: Final = (
    f"{SQL.format(sent='s.sent')} AND NOT {SQL.format(sent='m.sent')}"
    f" AND m.flag NOT IN ({int(Flag.FAIL)}, {int(Flag.MISSING)})"
)


def _classification(same: str, is_beaten: str) -> str:
    """Return the statement that classes rows.

    Args:
        same: Whether rows `{a}` and `{b}` say the same.
        is_beaten: Whether what is stored is better than another value of the file.
    """
    return f"""
    INSERT INTO classed
    SELECT {", ".join(f"s.{name}" for name in _STAGED)},
           m.span AS old_span, m.revision AS old_revision,
           CASE WHEN m.series_id IS NULL THEN 'new'
                WHEN {is_beaten} THEN 'beaten'
                WHEN m.flag = {int(Flag.MISSING)} AND {same.format(a="s", b="m")}
                  OR EXISTS (SELECT 1 FROM measurement_revision r
                             WHERE r.series_id = s.series_id AND r.time_us = s.time_us
                               AND {same.format(a="s", b="r")}) THEN 'superseded'
                ELSE 'changed' END AS status
    FROM staged s LEFT JOIN measurement m
      ON m.series_id = s.series_id AND m.time_us = s.time_us
     AND m.time_us BETWEEN :first_us AND :last_us
    WHERE m.series_id IS NULL OR m.flag = {int(Flag.MISSING)}
       OR NOT ({same.format(a="s", b="m")} OR {is_beaten} AND {_SAME.format(a="s", b="m")})
"""


_CLASSIFY: Final = _classification(_SAME, "false")
_CLASSIFY_MASSES: Final = _classification(_ALIKE, _IS_BEATEN)
_FETCH: Final = {
    "standing": """
    CREATE TEMP TABLE standing ON COMMIT DROP AS
    SELECT m.* FROM staged s JOIN measurement m
      ON m.series_id = s.series_id AND m.time_us = s.time_us
     AND m.time_us BETWEEN :first_us AND :last_us
""",
    "past": """
    CREATE TEMP TABLE past ON COMMIT DROP AS
    SELECT r.* FROM staged s JOIN measurement_revision r
      ON r.series_id = s.series_id AND r.time_us = s.time_us
""",
}
"""What `_CLASSIFY` reads on a cluster: Citus joins what is spread to the inside alone.

Source: citusdata/citus pull requests 4358 and 6512.
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


@dataclass(frozen=True, slots=True)
class Staged:
    """Rows beside what is stored.

    Attributes:
        fresh: Rows of series that have no measurement in the span of the file; all are new.
        counts: Status (`new`, `same`, `changed`, `superseded`, `beaten`) -> number of rows,
            *fresh* included.
        has_known: Other rows wait in the temporary table `classed`.
    """

    fresh: pl.DataFrame
    counts: Mapping[str, int]
    has_known: bool


def stage(
    conn: Connection, rows: pl.DataFrame, zones: Mapping[int, str], *, has_factors: bool
) -> Staged:
    """Put *rows* beside what is stored and say how many are of each status.

    Args:
        conn: A writing transaction that holds the rows' series.
        rows: Columns of `ROWS`; the rows of a series together and by time, one row per series and
            time.
        zones: Time zone of each series.
        has_factors: Values may come converted with a factor; then one that was not, and that
            nobody took back or flagged as failed, is only replaced by another such (`beaten`).
    """
    occupied = _occupied(conn, rows)
    is_known = pl.col("series_id").is_in(occupied)
    is_all = len(occupied) == rows["series_id"].n_unique()
    fresh = rows if not occupied else rows.clear() if is_all else rows.filter(~is_known)
    counts = {"new": fresh.height} | dict.fromkeys(("same", "changed", "superseded", "beaten"), 0)
    if not occupied:
        return Staged(fresh, counts, has_known=False)
    known = rows if is_all else rows.filter(is_known)
    _classify(conn, known, zones, has_factors=has_factors)
    found = conn.execute(text("SELECT status, count(*) AS n FROM classed GROUP BY status"))
    others = {row.status: row.n for row in found}
    counts |= others | {"new": fresh.height + others.get("new", 0)}
    counts["same"] = known.height - sum(others.values())
    return Staged(fresh, counts, has_known=True)


def within(statement: str, first_us: pl.Series, last_us: pl.Series) -> str:
    """Put the outermost instants into *statement*, for the partitions to be told by."""
    low, high = int(first_us.min()), int(last_us.max())  # type: ignore[arg-type]  # they are numbers
    return statement.replace(":first_us", str(low)).replace(":last_us", str(high))


def classed(conn: Connection, status: str) -> pl.DataFrame:
    """Return `series_id` and `time_us` of rows of *status*, such as `superseded`."""
    wanted = text("SELECT series_id, time_us FROM classed WHERE status = :status")
    found = [tuple(row) for row in conn.execute(wanted, {"status": status})]
    return pl.DataFrame(found, schema={"series_id": pl.Int32, "time_us": pl.Int64}, orient="row")


def reinstate(conn: Connection) -> None:
    """Let values that were replaced before count as corrections."""
    conn.execute(text("UPDATE classed SET status = 'changed' WHERE status = 'superseded'"))


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


def _classify(
    conn: Connection, rows: pl.DataFrame, zones: Mapping[int, str], *, has_factors: bool
) -> None:
    """Put those of *rows* that are not stored just so into the temporary table `classed`."""
    statement = _CLASSIFY_MASSES if has_factors else _CLASSIFY
    statement = within(statement, rows["time_us"], rows["time_us"])
    make_temporary(conn, "classed", _STAGED | _CLASSED)
    if is_sqlite(conn):
        # SQLite learned the standard's spelling in 3.39, older ones are about.
        statement = statement.replace("IS NOT DISTINCT FROM", "IS")
        staged = rows.with_columns(_first_day(rows, zones))
        absent = "".join(f", NULL AS {name}" for name in _STAGED if name not in staged.columns)
        values = (
            f"WITH sent ({', '.join(staged.columns)}) AS (VALUES {{rows}}), "
            f"staged AS (SELECT sent.*{absent} FROM sent) {statement}"
        )
        for part in staged.iter_slices(bulk.SLICE):
            bulk.insert_values(conn, values, part)
        return
    make_temporary(conn, "staged", _STAGED)
    staged = unchanged.unlike(conn, rows, has_factors=has_factors)
    bulk.append(conn, "staged", staged.with_columns(_first_day(staged, zones)))
    analyze(conn, "staged")
    if is_cluster(conn):
        for table, fetch in _FETCH.items():
            conn.exec_driver_sql(f"DROP TABLE IF EXISTS pg_temp.{table}")
            conn.exec_driver_sql(within(fetch, rows["time_us"], rows["time_us"]))
            analyze(conn, table)
        statement = statement.replace("measurement_revision r", "past r")
        statement = statement.replace("measurement m", "standing m")
    conn.exec_driver_sql(statement)
    analyze(conn, "classed")


def _first_day(rows: pl.DataFrame, zones: Mapping[int, str]) -> pl.Series:
    if rows.is_empty():
        return pl.Series("first_day", dtype=pl.Int32)
    return sums.places(rows, zones)["first_day"]


def make_temporary(conn: Connection, table: str, columns: Mapping[str, type[pl.DataType]]) -> None:
    """Make the empty temporary *table*, in place of one that an earlier transaction left."""
    schema = "temp" if is_sqlite(conn) else "pg_temp"
    conn.exec_driver_sql(f"DROP TABLE IF EXISTS {schema}.{table}")
    shape = ", ".join(f"{name} {_SQL_TYPES[kind]}" for name, kind in columns.items())
    gone = "" if is_sqlite(conn) else " ON COMMIT DROP"
    conn.exec_driver_sql(f"CREATE TEMP TABLE {table} ({shape}){gone}")


def analyze(conn: Connection, table: str) -> None:
    """Count *table*, which is temporary; else the planner takes a join ten times slower."""
    if not is_sqlite(conn):
        conn.execute(text(f"ANALYZE {table}"))
