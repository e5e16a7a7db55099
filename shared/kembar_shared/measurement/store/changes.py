"""What changed, in the order of commits: values, judgements of them, and figures by new rules."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, func, or_, select, union_all

from kembar_shared.measurement.store import figures
from kembar_shared.measurement.store.events import RULES_CHANGED
from kembar_shared.measurement.store.selecting import (
    VERSION,
    Row,
    Selection,
    labels_of,
    with_uploads,
)
from kembar_shared.measurement.store.tables import (
    CHANGE,
    EVENT,
    MEASUREMENT,
    REVISION,
    SERIES,
    STATION,
)

if TYPE_CHECKING:
    from sqlalchemy import Select, Table

    from kembar_shared.chassis.database import Connection

Place = tuple[int, int, int]
"""Place of an event, number of a series, instant: where in the feed a version stands."""


def read(conn: Connection, selection: Selection, *, after: Place, limit: int) -> list[Row]:
    """Return the versions that events brought, in their order, each with `seq` and `kind`.

    Args:
        conn: A reading transaction.
        selection: Series asked for.
        after: Place of the last version answered; zeros for the beginning.
        limit: Most rows.
    """
    ranges = _ranges(conn, selection, after, limit)
    if not ranges:
        return []
    (first_seq, first_series), (last_seq, last_series) = ranges[0], ranges[-1]
    series_id = CHANGE.c.series_id
    within = [
        EVENT.c.seq.between(first_seq, last_seq),
        or_(EVENT.c.seq > first_seq, series_id >= first_series),
        or_(EVENT.c.seq < last_seq, series_id <= last_series),
        series_id.in_({series for _, series in ranges}),
    ]
    union = union_all(
        _brought(MEASUREMENT).where(*within), _brought(REVISION).where(*within)
    ).subquery()
    seq, series, time_us = after
    wanted = (
        select(union)
        .where(or_(union.c.seq != seq, union.c.series_id != series, union.c.time_us > time_us))
        .order_by(union.c.seq, union.c.series_id, union.c.time_us)
        .limit(limit)
    )
    rows = conn.execute(wanted).mappings().all()
    labels = labels_of(conn, (row["series_id"] for row in rows))
    return with_uploads(conn, [labels[row["series_id"]] | dict(row) for row in rows])


def moved(conn: Connection, *, after: Place, limit: int) -> list[Row]:
    """Return the figures that changes of the rules moved, each with `seq` and `kind`.

    In the feed they stand as the versions of a series 0, in the order of their keys.

    Args:
        conn: A reading transaction.
        after: Place of the last one answered; zeros for the beginning.
        limit: Most rows.
    """
    seq, series_id, number = after
    wanted = (
        select(EVENT.c.id, EVENT.c.seq, EVENT.c.kind, EVENT.c.client, EVENT.c.recorded_at)
        .where(EVENT.c.kind == RULES_CHANGED, EVENT.c.seq >= seq)
        .order_by(EVENT.c.seq)
    )
    found: list[Row] = []
    for event in conn.execute(wanted).mappings().all():
        begun = event["seq"] == seq
        if begun and series_id:
            continue
        done = number if begun else 0
        rows = figures.moved(conn, event["id"], after=done, limit=limit - len(found))
        for place, row in enumerate(rows, start=done + 1):
            found.append(dict(event) | {"series_id": 0, "time_us": place, "figure": dict(row)})
        if len(found) >= limit:
            break
    return found


def _ranges(
    conn: Connection, selection: Selection, after: Place, limit: int
) -> list[tuple[int, int]]:
    """Return event and series of the ranges that hold the next *limit* versions, in order."""
    seq, series_id, _ = after
    wanted = (
        select(EVENT.c.seq, CHANGE.c.series_id, CHANGE.c.n)
        .join(CHANGE, CHANGE.c.event_id == EVENT.c.id)
        .join(SERIES, SERIES.c.id == CHANGE.c.series_id)
        .join(STATION, STATION.c.id == SERIES.c.station_id)
        .where(
            EVENT.c.seq >= seq,
            or_(EVENT.c.seq > seq, CHANGE.c.series_id >= series_id),
            *selection.series(),
        )
        .order_by(EVENT.c.seq, CHANGE.c.series_id)
        .limit(limit + 1)
    )
    found: list[tuple[int, int]] = []
    for row in conn.execute(wanted):
        found.append((row.seq, row.series_id))
        # Of the range that was begun before, nobody knows how much is left.
        limit -= 0 if (row.seq, row.series_id) == (seq, series_id) else row.n
        if limit <= 0:
            break
    return found


def _brought(table: Table) -> Select[Any]:
    """Return the versions in *table* beside the event that brought them."""
    return (
        select(
            EVENT.c.seq,
            EVENT.c.kind,
            EVENT.c.client,
            EVENT.c.recorded_at,
            *(table.c[name] for name in VERSION),
        )
        .join(CHANGE, CHANGE.c.event_id == EVENT.c.id)
        .join(
            table,
            and_(
                table.c.series_id == CHANGE.c.series_id,
                table.c.time_us >= CHANGE.c.first_us,
                table.c.time_us <= CHANGE.c.last_us,
                func.coalesce(table.c.judged_by, table.c.upload_id) == EVENT.c.id,
            ),
        )
    )
