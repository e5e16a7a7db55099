"""Figures of months and years as they were last computed, and what is due to be computed anew."""

from __future__ import annotations

import json
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import and_, delete, func, insert, or_, select, tuple_, union_all

from kembar_shared.measurement.store.tables import (
    CHANGE,
    EVENT,
    FIGURE,
    PAST_FIGURE,
    SERIES,
    STATION,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from sqlalchemy import RowMapping, Subquery

    from kembar_shared.chassis.database import Connection

Key = tuple[str, str, str]
"""Jurisdiction, indicator and period of a figure."""

_KEY: Final = ("jurisdiction", "indicator", "period")


def due(conn: Connection, *, done: int, upto: int) -> list[str]:
    """Return the jurisdictions in which something happened after *done*, up to *upto*."""
    wanted = (
        select(STATION.c.jurisdiction)
        .join(SERIES, SERIES.c.station_id == STATION.c.id)
        .join(CHANGE, CHANGE.c.series_id == SERIES.c.id)
        .join(EVENT, EVENT.c.id == CHANGE.c.event_id)
        .where(EVENT.c.seq > done, EVENT.c.seq <= upto)
        .distinct()
    )
    return list(conn.execute(wanted).scalars())


def has_kind(conn: Connection, kind: str, *, done: int, upto: int) -> bool:
    """Say whether an event of *kind* happened after *done*, up to *upto*."""
    wanted = select(EVENT.c.id).where(EVENT.c.seq > done, EVENT.c.seq <= upto, EVENT.c.kind == kind)
    return conn.execute(wanted.limit(1)).first() is not None


def jurisdictions(conn: Connection) -> list[str]:
    """Return every jurisdiction that stations lie in, or that has figures."""
    stations = select(STATION.c.jurisdiction).distinct()
    figures = select(FIGURE.c.jurisdiction).distinct()
    return sorted({*conn.execute(stations).scalars(), *conn.execute(figures).scalars()})


def replace(conn: Connection, jurisdiction: str, figures: Iterable[Mapping[str, Any]]) -> None:
    """Let *figures* take the place of all that *jurisdiction* has."""
    conn.execute(delete(FIGURE).where(FIGURE.c.jurisdiction == jurisdiction))
    rows = [
        dict(f) | {"stations": json.dumps(f["stations"]), "detail": json.dumps(f["detail"])}
        for f in figures
    ]
    if rows:
        conn.execute(insert(FIGURE), rows)


def of(conn: Connection, jurisdiction: str) -> dict[Key, dict[str, Any]]:
    """Return every figure that *jurisdiction* has, as its columns are kept."""
    rows = conn.execute(select(FIGURE).where(FIGURE.c.jurisdiction == jurisdiction)).mappings()
    return {(row["jurisdiction"], row["indicator"], row["period"]): dict(row) for row in rows}


def keep_past(conn: Connection, event: int, moved: Iterable[Mapping[str, Any]]) -> None:
    """Keep figures as they were before the rules changed, under the event that changed them."""
    rows = [dict(row) | {"event_id": event} for row in moved]
    if rows:
        conn.execute(insert(PAST_FIGURE), rows)


def moved(conn: Connection, event: int, *, after: int, limit: int) -> Sequence[RowMapping]:
    """Return the figures that an event moved, in the order of their keys, from one place on.

    Args:
        conn: A reading transaction.
        event: Number of the event.
        after: How many of them to pass over.
        limit: Most figures.
    """
    key = (PAST_FIGURE.c.jurisdiction, PAST_FIGURE.c.indicator, PAST_FIGURE.c.period)
    wanted = select(PAST_FIGURE).where(PAST_FIGURE.c.event_id == event).order_by(*key)
    return conn.execute(wanted.offset(after).limit(limit)).mappings().all()


def read(
    conn: Connection,
    *,
    first: str,
    following: str,
    after: Key | None,
    limit: int,
    method: str | None = None,
) -> list[dict[str, Any]]:
    """Return figures by jurisdiction, indicator and period.

    Args:
        conn: A reading transaction.
        first: First day; a month or year that it lies in is asked for.
        following: First day no longer asked for.
        after: Key of the last figure answered.
        limit: Most figures.
        method: Only figures made by this method, as they last were when it was in use.
    """
    table = FIGURE if method is None else _by_method(method)
    key = (table.c.jurisdiction, table.c.indicator, table.c.period)
    period = table.c.period
    last = date.fromisoformat(following) - timedelta(days=1)
    asked = or_(
        *(
            and_(func.length(period) == length, period.between(first[:length], str(last)[:length]))
            for length in (len("2023"), len("2023-01"))
        )
    )
    wanted = select(table).where(asked)
    if after is not None:
        wanted = wanted.where(tuple_(*key) > tuple_(*after))
    rows = conn.execute(wanted.order_by(*key).limit(limit)).mappings()
    return [_figure(row) for row in rows]


def _by_method(method: str) -> Subquery:
    """Return the newest of each figure that *method* made."""
    last = (
        select(PAST_FIGURE.c.jurisdiction, PAST_FIGURE.c.indicator, PAST_FIGURE.c.period)
        .add_columns(func.max(PAST_FIGURE.c.event_id).label("event_id"))
        .where(PAST_FIGURE.c.method == method)
        .group_by(PAST_FIGURE.c.jurisdiction, PAST_FIGURE.c.indicator, PAST_FIGURE.c.period)
        .subquery()
    )
    names = [column.name for column in FIGURE.c]
    past = select(*(PAST_FIGURE.c[name] for name in names)).join(
        last, and_(*(PAST_FIGURE.c[name] == last.c[name] for name in (*_KEY, "event_id")))
    )
    current = select(FIGURE).where(FIGURE.c.method == method)
    key = tuple_(PAST_FIGURE.c.jurisdiction, PAST_FIGURE.c.indicator, PAST_FIGURE.c.period)
    still = select(FIGURE.c.jurisdiction, FIGURE.c.indicator, FIGURE.c.period)
    replaced = past.where(key.not_in(still.where(FIGURE.c.method == method)))
    return union_all(current, replaced).subquery()


def _figure(row: RowMapping) -> dict[str, Any]:
    texts = {name: json.loads(row[name]) for name in ("stations", "detail")}
    return dict(row) | texts
