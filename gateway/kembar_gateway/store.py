"""Every SQL statement about clients, pulls and figures."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any, Final, cast

import sqlalchemy as sa
from fastapi import Depends, Request
from sqlalchemy.dialects import postgresql, sqlite

from kembar_gateway import feed
from kembar_gateway.models import Client, JobClaim, SourceStatus, StoredFigure
from kembar_gateway.wire import Figure, Origin, State
from kembar_shared.chassis.database import Connection, Engine, is_sqlite

if TYPE_CHECKING:
    from sqlmodel import SQLModel

KEPT_SLOTS: Final = 1000
"""Claims of a job older than so many slots are forgotten."""


def _table(model: type[SQLModel]) -> sa.Table:
    # Any: SQLModel makes the attribute at run time, so no type checker knows it.
    return cast("sa.Table", cast("Any", model).__table__)


_CLIENT = _table(Client)
_FIGURE = _table(StoredFigure)
_STATUS = _table(SourceStatus)
_CLAIM = _table(JobClaim)
_IDENTITY = ("service", "indicator", "jurisdiction", "period")


@dataclass(frozen=True, slots=True)
class KnownClient:
    """A client as stored."""

    id: str
    name: str
    role: str
    secret_hmac: str
    stations: tuple[str, ...] | None
    cooperations: tuple[str, ...] | None
    created_at: datetime
    created_by: str
    disabled_at: datetime | None = None
    old_secret_hmac: str | None = None
    old_secret_until: datetime | None = None
    rate_burst: int | None = None
    rate_per_s: float | None = None
    generation: int = 0
    revoked_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Heard:
    """What was last heard of a service; see `models.SourceStatus`."""

    service: str
    query: str
    etag: str | None
    fetched_at: datetime | None
    checked_at: datetime
    last_error: str | None


# ---- clients


def add_client(conn: Connection, client: KnownClient) -> None:
    """Store a new client."""
    conn.execute(sa.insert(_CLIENT).values(_client_out(client)))


def change_client(conn: Connection, client: KnownClient) -> None:
    """Store *client* over what was known of it; call it in the transaction that locked it."""
    conn.execute(sa.update(_CLIENT).where(_CLIENT.c.id == client.id).values(_client_out(client)))


def find_client(conn: Connection, client_id: str, *, lock: bool = False) -> KnownClient | None:
    """Return the client named *client_id*, or None.

    Args:
        conn: A transaction; a writing one, to lock.
        client_id: As sent.
        lock: Nobody else changes the client until the transaction ends.
    """
    query = sa.select(_CLIENT).where(_CLIENT.c.id == client_id)
    row = conn.execute(query.with_for_update() if lock else query).one_or_none()
    return None if row is None else _client_in(row)


def list_clients(conn: Connection, *, after: str, limit: int) -> list[KnownClient]:
    """List clients by id, beginning behind the id *after*."""
    query = sa.select(_CLIENT).where(_CLIENT.c.id > after).order_by(_CLIENT.c.id).limit(limit)
    return [_client_in(row) for row in conn.execute(query)]


def revoked_since(conn: Connection, at: datetime) -> dict[str, int]:
    """Return the clients whose tokens were revoked after *at*, each with its generation."""
    query = sa.select(_CLIENT.c.id, _CLIENT.c.generation).where(_CLIENT.c.revoked_at > at)
    return {row.id: row.generation for row in conn.execute(query)}


def clients_made_by(conn: Connection, client_id: str) -> list[KnownClient]:
    """Return the clients that *client_id* made, in the order in which they were."""
    wanted = sa.select(_CLIENT).where(_CLIENT.c.created_by == client_id)
    return [_client_in(row) for row in conn.execute(wanted.order_by(_CLIENT.c.created_at))]


def has_clients(conn: Connection) -> bool:
    """Say whether any client exists."""
    return conn.execute(sa.select(_CLIENT.c.id).limit(1)).first() is not None


def _globs_out(globs: tuple[str, ...] | None) -> str | None:
    return None if globs is None else json.dumps(globs)


def _client_out(client: KnownClient) -> dict[str, Any]:
    members = {name: getattr(client, name) for name in _CLIENT.c.keys()}  # noqa: SIM118  a collection, no dict
    for narrowing in ("stations", "cooperations"):
        members[narrowing] = _globs_out(members[narrowing])
    return members


def _client_in(row: sa.Row[Any]) -> KnownClient:
    members = dict(row._mapping)
    for narrowing in ("stations", "cooperations"):
        if members[narrowing] is not None:
            members[narrowing] = tuple(json.loads(members[narrowing]))
    return KnownClient(**members)


# ---- pulls


def claim(conn: Connection, job: str, slot: int) -> bool:
    """Take *job* for *slot*; False where somebody took it before."""
    conn.execute(sa.delete(_CLAIM).where(_CLAIM.c.job == job, _CLAIM.c.slot < slot - KEPT_SLOTS))
    insert = sqlite.insert if is_sqlite(conn) else postgresql.insert
    taken = insert(_CLAIM).values(job=job, slot=slot).on_conflict_do_nothing()
    return conn.execute(taken.returning(_CLAIM.c.slot)).first() is not None


def heard_of(conn: Connection) -> dict[str, Heard]:
    """Return what was last heard of each service."""
    rows = conn.execute(sa.select(_STATUS))
    return {row.service: Heard(**row._mapping) for row in rows}


def begin_noting(conn: Connection, service: str, *, at: datetime) -> Heard:
    """Note that the service was asked at *at* and return what was heard of it before.

    Until the transaction ends nobody else can note anything about this service.
    """
    _note(conn, service, checked_at=at)
    return heard_of(conn)[service]


def note_success(
    conn: Connection, service: str, *, query: str, etag: str | None, at: datetime
) -> None:
    """Note that the service confirmed its figures at *at*."""
    _note(conn, service, query=query, etag=etag, fetched_at=at, checked_at=at, last_error=None)


def note_failure(conn: Connection, service: str, *, reason: str, at: datetime) -> None:
    """Note that the service could not be asked at *at*; what it said before stays."""
    _note(conn, service, checked_at=at, last_error=reason)


def _note(conn: Connection, service: str, **members: object) -> None:
    insert = sqlite.insert if is_sqlite(conn) else postgresql.insert
    statement = insert(_STATUS).values({"service": service, "query": "", **members})
    conn.execute(statement.on_conflict_do_update(index_elements=["service"], set_=members))


def keep_figures(conn: Connection, service: str, figures: Iterable[Figure], *, at: datetime) -> int:
    """Make *figures* the service's current ones; say how many versions began or ended.

    A figure that differs gets a new version, one that is gone ends; nothing is overwritten.
    """
    current = {key: (row_id, figure) for row_id, key, figure in _current(conn, service)}
    sent = {(figure.indicator, figure.jurisdiction, figure.period): figure for figure in figures}
    changed = [f for key, f in sent.items() if key not in current or current[key][1] != f]
    ended = [row_id for key, (row_id, f) in current.items() if sent.get(key) != f]
    for row_id in ended:
        conn.execute(sa.update(_FIGURE).where(_FIGURE.c.id == row_id).values(valid_to=at))
    if changed:
        rows = [{**_figure_out(figure), "service": service, "valid_from": at} for figure in changed]
        conn.execute(sa.insert(_FIGURE), rows)
    gone = [figure for key, (_, figure) in current.items() if key not in sent]
    news = [feed.of_figure(figure, ended=False) for figure in changed]
    feed.append(conn, [*news, *(feed.of_figure(figure, ended=True) for figure in gone)], at=at)
    return len(changed) + len(ended)


def _current(conn: Connection, service: str) -> Iterator[tuple[int, tuple[str, str, str], Figure]]:
    query = sa.select(_FIGURE).where(_FIGURE.c.service == service, _FIGURE.c.valid_to.is_(None))
    for row in conn.execute(query):
        figure = _figure_in(row)
        yield row.id, (figure.indicator, figure.jurisdiction, figure.period), figure


def _figure_out(figure: Figure) -> dict[str, Any]:
    row = figure.model_dump()
    row |= {"state": figure.state.value, "origin": figure.origin.value}
    row |= {"stations": json.dumps(figure.stations), "detail": json.dumps(figure.detail)}
    return row


def _figure_in(row: sa.Row[Any]) -> Figure:
    members = {name: getattr(row, name) for name in Figure.model_fields}
    members |= {"state": State(row.state), "origin": Origin(row.origin)}
    members |= {"stations": tuple(json.loads(row.stations)), "detail": json.loads(row.detail)}
    return Figure(**members)


# ---- figures


def dated_figures_of(
    conn: Connection, indicators: Collection[str], *, as_of: datetime | None = None
) -> list[tuple[str, datetime, Figure]]:
    """Return the figures of *indicators* that are current, or were at *as_of*.

    Each comes with its service and since when it is.
    """
    known: sa.ColumnElement[bool] = _FIGURE.c.valid_to.is_(None)
    if as_of is not None:
        ended = sa.or_(known, _FIGURE.c.valid_to > as_of)
        known = sa.and_(_FIGURE.c.valid_from <= as_of, ended)
    query = sa.select(_FIGURE).where(_FIGURE.c.indicator.in_(list(indicators)), known)
    rows = conn.execute(query.order_by(_FIGURE.c.id))
    return [(row.service, row.valid_from, _figure_in(row)) for row in rows]


async def _engine(request: Request) -> Engine:
    return cast("Engine", request.app.state.engine)


EngineDep = Annotated[Engine, Depends(_engine)]
