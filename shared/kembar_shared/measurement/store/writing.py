"""Set-based writing of measurements: what is new goes in, what is corrected takes its place."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Final

import polars as pl
from sqlalchemy import text

from kembar_shared.measurement.store import bulk, newest, summing, sums
from kembar_shared.measurement.store.fresh import summed
from kembar_shared.measurement.store.staging import ROWS, within
from kembar_shared.measurement.store.tables import CHANGE, MEASUREMENT
from kembar_shared.measurement.vocabulary import Flag

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kembar_shared.chassis.database import Connection
    from kembar_shared.measurement.store.staging import Staged

_REPLACED: Final = tuple(name for name in ROWS if name not in {"series_id", "time_us"})
_KEYED: Final = ", ".join(ROWS)
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
    SELECT DISTINCT series_id, {summing.GRAIN_SQL.format(span="span")}, first_day
    FROM classed WHERE status IN ('new', 'changed')
"""
_MOVED: Final = """
    SELECT series_id, time_us, old_span FROM classed
    WHERE status = 'changed' AND old_span <> span
"""
_SPANS: Final = """
    SELECT series_id, min(time_us), max(time_us), count(*) FROM classed
    WHERE status IN ('new', 'changed') GROUP BY series_id
"""
_FLAGGED: Final = f"""
    SELECT count(*) FROM classed
    WHERE status IN ('new', 'changed') AND flag IN ({int(Flag.SUSPECT)}, {int(Flag.FAIL)})
"""


def apply(conn: Connection, event: int, staged: Staged, zones: Mapping[int, str]) -> int:
    """Store what is new or changed, with sums, newest values and the ranges that changed.

    Args:
        conn: The transaction that staged it.
        event: Number of the upload.
        staged: What `staging.stage` returned.
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
    with ThreadPoolExecutor(1) as thread:
        # Databases leave a processor free; while they store the rows, the rows are summed up.
        made = thread.submit(summed, fresh, zones)
        bulk.append(conn, MEASUREMENT.name, fresh, constants)
    sums.add(conn, made.result(), zones)
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
