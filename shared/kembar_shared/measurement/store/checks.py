"""Which measurements are due to be checked beside their neighbours, and what was found of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import groupby
from typing import TYPE_CHECKING, Any, Final

import polars as pl
from sqlalchemy import and_, case, delete, func, select, tuple_, update

from kembar_shared.measurement.store import bulk
from kembar_shared.measurement.store.events import CHECKED, PEOPLE, STATION_CHANGED
from kembar_shared.measurement.store.selecting import Row, Selection, in_turn, series_of
from kembar_shared.measurement.store.tables import (
    CHANGE,
    CHECK_HEAD,
    EVENT,
    FINDING,
    MEASUREMENT,
    SERIES,
    STATION,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import RowMapping, Select

    from kembar_shared.chassis.database import Connection

READ: Final = {
    "time_us": pl.Int64, "value": pl.Float64, "span": pl.Int16, "flag": pl.Int16,
    "revision": pl.Int32, "is_judged": pl.Boolean,
}  # fmt: skip
"""Columns of measurements as they are checked; `is_judged`: a person gave the flag."""

FOUND: Final = {"series_id": pl.Int32, "time_us": pl.Int64, "test": pl.String, "flag": pl.Int16}
"""Columns of findings."""

FIRST_US: Final = -(2**61)
LAST_US: Final = 2**61

_KEYS_AT_ONCE: Final = 500
_MOST_TESTS: Final = 100
_NEVER: Final = datetime(1970, 1, 1, tzinfo=UTC)

_ROOM: Final = timedelta(hours=1)
"""A station tells of its change before the event that brings it has its place."""


@dataclass(frozen=True, slots=True)
class Head:
    """Up to which event, by which rules and by which run measurements are checked."""

    seq: int
    rules: str
    run: str
    run_at: datetime


def head(conn: Connection) -> Head:
    """Return the head as it stands."""
    return _head(conn.execute(_of_head()).mappings().one())


def hold(conn: Connection) -> Head:
    """Return the same, and let nobody else write it until the transaction ends."""
    return _head(conn.execute(_of_head().with_for_update()).mappings().one())


def go_on(conn: Connection, run: str) -> None:
    """Note that *run* is under way; every other one may no longer write."""
    conn.execute(update(CHECK_HEAD).values(run=run, run_at=datetime.now(UTC)))


def note(conn: Connection, *, seq: int, rules: str) -> None:
    """Note up to which event, and by which rules, measurements are checked; no run goes on."""
    conn.execute(update(CHECK_HEAD).values(seq=seq, rules=rules, run="", run_at=_NEVER))


def is_due(conn: Connection, rules: str) -> bool:
    """Say whether anything happened since the last check, or is checked by other rules now."""
    known = head(conn)
    happened = select(EVENT.c.id).where(EVENT.c.seq > known.seq, EVENT.c.kind != CHECKED).limit(1)
    if conn.execute(happened).first() is not None:
        return True
    return known.rules != rules and conn.execute(select(SERIES.c.id).limit(1)).first() is not None


def touched(conn: Connection, *, done: int, upto: int) -> list[tuple[int, int, int]]:
    """Return the ranges (series, first and last instant) of what happened to measurements.

    Of a station that was changed, in place or calendar, it is everything.

    Args:
        conn: A reading transaction.
        done: Place of the last event that was checked.
        upto: Place of the last one to be checked now.
    """
    between = and_(EVENT.c.seq > done, EVENT.c.seq <= upto)
    changes = (
        select(CHANGE.c.series_id, CHANGE.c.first_us, CHANGE.c.last_us)
        .join(EVENT, EVENT.c.id == CHANGE.c.event_id)
        .where(between, EVENT.c.kind != CHECKED)
    )
    found = [(row.series_id, row.first_us, row.last_us) for row in conn.execute(changes)]
    moved = select(EVENT.c.id).where(between, EVENT.c.kind == STATION_CHANGED).limit(1)
    if conn.execute(moved).first() is not None:
        last = conn.execute(select(func.max(EVENT.c.recorded_at)).where(EVENT.c.seq <= done))
        since = (last.scalar_one() or _NEVER) - _ROOM
        changed = select(SERIES.c.id).join(STATION, STATION.c.id == SERIES.c.station_id)
        ids = conn.execute(changed.where(STATION.c.changed_at > since, STATION.c.version > 1))
        found += [(id_, FIRST_US, LAST_US) for id_ in ids.scalars()]
    return found


def everything(conn: Connection) -> list[tuple[int, int, int]]:
    """Return each series, with a range that holds whatever it has."""
    ids = conn.execute(select(SERIES.c.id).order_by(SERIES.c.id)).scalars()
    return [(id_, FIRST_US, LAST_US) for id_ in ids]


def together(conn: Connection, series: int) -> dict[str, Row]:
    """Return what its station measures of the same material and source, by parameter.

    Each has `id`, `station`, `timezone`, `altitude_m` and `parameter`; *series* is among them.
    """
    own = select(SERIES).where(SERIES.c.id == series).subquery()
    wanted = (
        select(
            SERIES.c.id,
            SERIES.c.parameter,
            STATION.c.code.label("station"),
            STATION.c.timezone,
            STATION.c.altitude_m,
        )
        .join(STATION, STATION.c.id == SERIES.c.station_id)
        .join(
            own,
            and_(
                own.c.station_id == SERIES.c.station_id,
                own.c.material == SERIES.c.material,
                own.c.source == SERIES.c.source,
            ),
        )
    )
    return {row["parameter"]: dict(row) for row in conn.execute(wanted).mappings()}


def rows(
    conn: Connection, series: int, first_us: int, last_us: int, *, limit: int | None = None
) -> pl.DataFrame:
    """Return measurements of a series by time (columns of `READ`), both ends included."""
    is_judged = case((EVENT.c.kind.in_(PEOPLE), True), else_=False)
    names = [name for name in READ if name != "is_judged"]
    wanted = (
        select(*(MEASUREMENT.c[name] for name in names), is_judged)
        .outerjoin(EVENT, EVENT.c.id == MEASUREMENT.c.judged_by)
        .where(
            MEASUREMENT.c.series_id == series,
            MEASUREMENT.c.time_us >= first_us,
            MEASUREMENT.c.time_us <= last_us,
        )
        .order_by(MEASUREMENT.c.time_us)
    )
    found = conn.execute(wanted if limit is None else wanted.limit(limit))
    return pl.DataFrame([tuple(row) for row in found], schema=READ, orient="row")


def revisions(conn: Connection, series: int, instants: Sequence[int]) -> dict[int, int]:
    """Return the revision that counts now at each of these *instants*."""
    found: dict[int, int] = {}
    for begin in range(0, len(instants), _KEYS_AT_ONCE):
        part = instants[begin : begin + _KEYS_AT_ONCE]
        wanted = select(MEASUREMENT.c.time_us, MEASUREMENT.c.revision).where(
            MEASUREMENT.c.series_id == series, MEASUREMENT.c.time_us.in_(part)
        )
        found |= {row.time_us: row.revision for row in conn.execute(wanted)}
    return found


def findings(conn: Connection, series: int, first_us: int, last_us: int) -> pl.DataFrame:
    """Return what was found of a series' measurements (columns of `FOUND`), ends included."""
    wanted = select(*(FINDING.c[name] for name in FOUND)).where(
        FINDING.c.series_id == series,
        FINDING.c.time_us >= first_us,
        FINDING.c.time_us <= last_us,
    )
    found = [tuple(row) for row in conn.execute(wanted)]
    return pl.DataFrame(found, schema=FOUND, orient="row")


def replace(conn: Connection, series: int, instants: Sequence[int], found: pl.DataFrame) -> None:
    """Let *found* (columns of `FOUND`) take the place of all that was found at these instants."""
    for begin in range(0, len(instants), _KEYS_AT_ONCE):
        part = instants[begin : begin + _KEYS_AT_ONCE]
        old = delete(FINDING).where(FINDING.c.series_id == series, FINDING.c.time_us.in_(part))
        conn.execute(old)
    bulk.append(conn, FINDING.name, found.sort("time_us", "test"))


def read(
    conn: Connection, selection: Selection, *, after: tuple[int, ...] | None, limit: int
) -> list[Row]:
    """Return findings by series, time and test, each with its station's labels and its `n`.

    Args:
        conn: A reading transaction.
        selection: Which measurements' findings; of their flags nothing is asked.
        after: Series, instant and `n` of the last one answered: which of its instant it is.
        limit: Most findings.
    """
    series, time_us, seen = after or (0, FIRST_US, 0)
    labels = series_of(conn, selection, first=series)
    key = (FINDING.c.series_id, FINDING.c.time_us)

    def fetch(ids: Sequence[int], most: int) -> Sequence[RowMapping]:
        zones = {id_: labels[id_]["timezone"] for id_ in ids}
        wanted = select(FINDING).where(
            FINDING.c.series_id.in_(list(ids)),
            tuple_(*key) >= tuple_(series, time_us),
            *selection.rows(FINDING, zones),
        )
        return conn.execute(wanted.order_by(*key, FINDING.c.test).limit(most)).mappings().all()

    # Those of the last instant are read once more: nobody has more tests than that.
    found = in_turn(list(labels), limit + min(seen, _MOST_TESTS), fetch)
    numbered: list[Row] = []
    for (series_id, us), group in groupby(found, lambda row: (row["series_id"], row["time_us"])):
        skipped = seen if (series_id, us) == (series, time_us) else 0
        rows_of_instant = enumerate(group, 1)
        numbered += [labels[series_id] | dict(row) | {"n": n} for n, row in rows_of_instant
                     if n > skipped]  # fmt: skip
    return numbered[:limit]


def _of_head() -> Select[Any]:
    return select(*(CHECK_HEAD.c[name] for name in ("seq", "rules", "run", "run_at")))


def _head(row: RowMapping) -> Head:
    return Head(**row)
