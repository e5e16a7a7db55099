"""Set-based writing of one upload: rows, revisions, rollups, receipt and rejections together."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import polars as pl
from sqlalchemy import insert, select, text

from kembar_shared.chassis.database import is_sqlite
from kembar_shared.measurement.models import Rejection, Series, Upload

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kembar_shared.chassis.database import Connection

_series = Series.__table__  # type: ignore[attr-defined]  # SQLModel sets it
_upload = Upload.__table__  # type: ignore[attr-defined]  # SQLModel sets it
_rejection = Rejection.__table__  # type: ignore[attr-defined]  # SQLModel sets it

_STAGED: Final = {
    "series_id": "INTEGER", "time_us": "BIGINT", "value": "DOUBLE PRECISION", "qualifier": "TEXT",
    "limit_value": "DOUBLE PRECISION", "period": "TEXT", "grain": "SMALLINT", "flag": "SMALLINT",
    "line": "INTEGER", "sent_value": "TEXT", "sent_unit": "TEXT", "method": "TEXT",
    "depth_m": "DOUBLE PRECISION", "note": "TEXT",
}  # fmt: skip
_BUCKETS: Final = {
    "series_id": "INTEGER", "grain": "SMALLINT", "first_day": "INTEGER", "start_us": "BIGINT",
    "end_us": "BIGINT",
}  # fmt: skip
_VALUES: Final = [name for name in _STAGED if name not in {"series_id", "time_us"}]
_KEYED: Final = ", ".join(("series_id", "time_us", *_VALUES))
_SAME: Final = " AND ".join(
    f"{{a}}.{name} IS NOT DISTINCT FROM {{b}}.{name}"
    for name in ("value", "qualifier", "limit_value", "period", "method", "depth_m", "note")
)
_CLASSIFY: Final = f"""
    CREATE TEMP TABLE classed AS
    SELECT s.*, m.grain AS old_grain, m.revision AS old_revision,
           CASE WHEN m.series_id IS NULL THEN 'new'
                WHEN {_SAME.format(a="s", b="m")} THEN 'same'
                WHEN EXISTS (SELECT 1 FROM measurement_revision r
                             WHERE r.series_id = s.series_id AND r.time_us = s.time_us
                               AND {_SAME.format(a="s", b="r")}) THEN 'superseded'
                ELSE 'changed' END AS status
    FROM staged s LEFT JOIN measurement m
      ON m.series_id = s.series_id AND m.time_us = s.time_us
"""
_KEEP_OLD: Final = f"""
    INSERT INTO measurement_revision ({_KEYED}, upload_id, revision, replaced_by)
    SELECT {", ".join(f"m.{name}" for name in ("series_id", "time_us", *_VALUES))},
           m.upload_id, m.revision, :upload
    FROM classed c JOIN measurement m ON m.series_id = c.series_id AND m.time_us = c.time_us
    WHERE c.status = 'changed'
"""
_CORRECT: Final = f"""
    UPDATE measurement SET {", ".join(f"{name} = c.{name}" for name in _VALUES)},
           upload_id = :upload, revision = c.old_revision + 1
    FROM classed c
    WHERE c.status = 'changed'
      AND measurement.series_id = c.series_id AND measurement.time_us = c.time_us
"""
_INSERT: Final = f"""
    INSERT INTO measurement ({_KEYED}, upload_id, revision)
    SELECT {_KEYED}, :upload, 1 FROM classed WHERE status = 'new' ORDER BY series_id, time_us
"""
_TOUCH: Final = """
    CREATE TEMP TABLE touched AS
    SELECT DISTINCT b.* FROM classed c JOIN bucket b
      ON b.series_id = c.series_id AND c.time_us >= b.start_us AND c.time_us < b.end_us
     AND (b.grain = c.grain OR b.grain = c.old_grain)
    WHERE c.status IN ('new', 'changed')
"""
_FORGET: Final = """
    DELETE FROM rollup WHERE EXISTS (
        SELECT 1 FROM touched t WHERE t.series_id = rollup.series_id
           AND t.grain = rollup.grain AND t.first_day = rollup.first_day)
"""
_RECOMPUTE: Final = """
    INSERT INTO rollup (series_id, grain, first_day, n, total, least, greatest, n_below, n_above,
                        below_limit)
    SELECT t.series_id, t.grain, t.first_day, count(m.value), sum(m.value), min(m.value),
           max(m.value), count(CASE WHEN m.qualifier = '<' THEN 1 END),
           count(CASE WHEN m.qualifier = '>' THEN 1 END),
           max(CASE WHEN m.qualifier = '<' THEN m.limit_value END)
    FROM touched t JOIN measurement m
      ON m.series_id = t.series_id AND m.time_us >= t.start_us AND m.time_us < t.end_us
     AND m.grain = t.grain AND m.flag IN (1, 2)
    GROUP BY t.series_id, t.grain, t.first_day
"""
_RENEW_LATEST: Final = (
    "DELETE FROM latest WHERE series_id IN (SELECT series_id FROM touched)",
    """
    INSERT INTO latest (series_id, time_us, value)
    SELECT m.series_id, m.time_us, m.value
    FROM (SELECT DISTINCT series_id FROM touched) t JOIN measurement m
      ON m.series_id = t.series_id
     AND m.time_us = (SELECT max(x.time_us) FROM measurement x
                      WHERE x.series_id = t.series_id AND x.flag <> 4)
    """,
)


def series_of(conn: Connection, good: pl.DataFrame) -> pl.DataFrame:
    """Return *good* with `series_id`; series that are new are made, all are held for writing."""
    identity = ["station_id", "parameter", "material", "source"]
    wanted = good.select(*identity, "cadence").unique(identity)
    conn.execute(
        text(
            "INSERT INTO series (station_id, parameter, material, source, cadence) VALUES "
            "(:station_id, :parameter, :material, :source, :cadence) ON CONFLICT DO NOTHING"
        ),
        wanted.sort(identity).to_dicts(),
    )
    stations = wanted["station_id"].unique().to_list()
    known = select(_series).where(_series.c.station_id.in_(stations)).order_by(_series.c.id)
    rows = conn.execute(known.with_for_update()).mappings().all()
    ids = pl.DataFrame(
        [(r["id"], *(r[name] for name in identity)) for r in rows],
        schema=["series_id", *identity],
        orient="row",
    )
    return good.join(ids, on=identity, how="left")


def stage(conn: Connection, rows: pl.DataFrame, buckets: pl.DataFrame) -> dict[str, int]:
    """Put *rows* beside what is stored and say how many are of each status.

    Args:
        conn: A writing transaction.
        rows: The columns of `_STAGED`.
        buckets: Local calendar periods the rows lie in: `series_id`, `grain`, `first_day`,
            `start_us`, `end_us`.

    Returns:
        Status (`new`, `same`, `changed`, `superseded`) -> number of rows.
    """
    for name in ("touched", "classed", "bucket", "staged"):
        conn.execute(text(f"DROP TABLE IF EXISTS {_temporary(conn)}{name}"))
    _fill(conn, "staged", _STAGED, rows)
    _fill(conn, "bucket", _BUCKETS, buckets)
    # SQLite learned the standard's spelling in 3.39, older ones are about.
    same = "IS" if is_sqlite(conn) else "IS NOT DISTINCT FROM"
    conn.execute(text(_CLASSIFY.replace("IS NOT DISTINCT FROM", same)))
    _analyze(conn, "classed")
    counts = conn.execute(text("SELECT status, count(*) AS n FROM classed GROUP BY status"))
    return {row.status: row.n for row in counts}


def superseded_lines(conn: Connection) -> list[int]:
    """Return the lines whose value was replaced before."""
    lines = text("SELECT line FROM classed WHERE status = 'superseded' ORDER BY line")
    return list(conn.execute(lines).scalars())


def reinstate(conn: Connection) -> None:
    """Let values that were replaced before count as corrections."""
    conn.execute(text("UPDATE classed SET status = 'changed' WHERE status = 'superseded'"))


def apply(conn: Connection, upload: int) -> int:
    """Store what `stage` found new or changed; return how many of it were flagged."""
    for statement in (_KEEP_OLD, _CORRECT, _INSERT):
        takes_upload = {"upload": upload} if ":upload" in statement else {}
        conn.execute(text(statement), takes_upload)
    conn.execute(text(_TOUCH))
    _analyze(conn, "touched")
    for statement in (_FORGET, _RECOMPUTE, *_RENEW_LATEST):
        conn.execute(text(statement))
    flagged = text(
        "SELECT count(*) FROM classed WHERE status IN ('new', 'changed') AND flag IN (3, 4)"
    )
    return int(conn.execute(flagged).scalar_one())


def keep_upload(conn: Connection, upload: Mapping[str, Any]) -> int:
    """Keep the receipt of an upload; return its number."""
    return int(conn.execute(insert(_upload).values(**upload).returning(_upload.c.id)).scalar_one())


def recount(conn: Connection, upload: int, counts: Mapping[str, int]) -> None:
    """Set the counts of a receipt, in the transaction that made it."""
    conn.execute(_upload.update().where(_upload.c.id == upload).values(**counts))


def keep_rejections(conn: Connection, upload: int, errors: pl.DataFrame) -> None:
    """Keep every failing cell of an upload (columns of `uploads.ERRORS_SCHEMA`, and `raw`)."""
    if errors.is_empty():
        return
    rows = errors.select(
        pl.lit(upload).alias("upload_id"),
        pl.int_range(1, pl.len() + 1).alias("number"),
        "line",
        pl.col("column").alias("column_name"),
        "value",
        "code",
        "expected",
        "raw",
    )
    conn.execute(insert(_rejection), rows.to_dicts())


def _fill(conn: Connection, name: str, columns: Mapping[str, str], rows: pl.DataFrame) -> None:
    """Make the temporary table *name* and fill it by the database's own fastest way."""
    shape = ", ".join(f"{column} {kind}" for column, kind in columns.items())
    rows = rows.select(columns.keys())
    if is_sqlite(conn):
        conn.execute(text(f"CREATE TEMP TABLE {name} ({shape})"))
        marks = ", ".join("?" * len(columns))
        if not rows.is_empty():
            conn.exec_driver_sql(f"INSERT INTO {name} VALUES ({marks})", rows.rows())
        return
    conn.execute(text(f"CREATE TEMP TABLE {name} ({shape}) ON COMMIT DROP"))
    cursor = conn.connection.cursor()
    with cursor.copy(f"COPY {name} FROM STDIN (FORMAT csv)") as copy:
        copy.write(rows.write_csv(include_header=False))
    _analyze(conn, name)


def _analyze(conn: Connection, name: str) -> None:
    if not is_sqlite(conn):
        conn.execute(text(f"ANALYZE {name}"))  # else the planner takes a join ten times slower


def _temporary(conn: Connection) -> str:
    return "temp." if is_sqlite(conn) else "pg_temp."
