"""Figures of months and years as they were last computed, and what is due to be computed anew."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, delete, func, insert, or_, select, tuple_, update

from kembar_shared.measurement.store.tables import (
    CHANGE,
    EVENT,
    FIGURE,
    FIGURES_HEAD,
    SERIES,
    STATION,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from sqlalchemy import RowMapping

    from kembar_shared.chassis.database import Connection

Key = tuple[str, str, str]
"""Jurisdiction, indicator and period of a figure."""


def head(conn: Connection) -> tuple[int, str]:
    """Return up to which event, and by which rules, the figures are computed."""
    row = conn.execute(select(FIGURES_HEAD.c.seq, FIGURES_HEAD.c.rules)).one()
    return row.seq, row.rules


def hold(conn: Connection) -> tuple[int, str]:
    """Return the same, and let nobody else write figures until the transaction ends."""
    wanted = select(FIGURES_HEAD.c.seq, FIGURES_HEAD.c.rules).with_for_update()
    row = conn.execute(wanted).one()
    return row.seq, row.rules


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


def note(conn: Connection, *, seq: int, rules: str) -> None:
    """Note up to which event, and by which rules, the figures are computed."""
    conn.execute(update(FIGURES_HEAD).values(seq=seq, rules=rules))


def read(
    conn: Connection, *, first: str, following: str, after: Key | None, limit: int
) -> list[dict[str, Any]]:
    """Return figures by jurisdiction, indicator and period.

    Args:
        conn: A reading transaction.
        first: First day; a month or year that it lies in is asked for.
        following: First day no longer asked for.
        after: Key of the last figure answered.
        limit: Most figures.
    """
    key = (FIGURE.c.jurisdiction, FIGURE.c.indicator, FIGURE.c.period)
    period = FIGURE.c.period
    begun = or_(
        and_(func.length(period) == len("2023"), period >= first[:4]),
        and_(func.length(period) == len("2023-01"), period >= first[:7]),
    )
    wanted = select(FIGURE).where(begun, period < following)
    if after is not None:
        wanted = wanted.where(tuple_(*key) > tuple_(*after))
    rows = conn.execute(wanted.order_by(*key).limit(limit)).mappings()
    return [_figure(row) for row in rows]


def newest(conn: Connection) -> list[dict[str, Any]]:
    """Return every figure's state, value and origin, for choosing the newest."""
    columns = ("jurisdiction", "indicator", "period", "value", "unit", "state", "origin")
    wanted = select(*(FIGURE.c[name] for name in columns))
    return [dict(row) for row in conn.execute(wanted).mappings()]


def _figure(row: RowMapping) -> dict[str, Any]:
    texts = {name: json.loads(row[name]) for name in ("stations", "detail")}
    return dict(row) | texts
