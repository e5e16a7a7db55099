"""Of several replicas one does a job once per period; where it dies, another takes it over.

Whoever does the job holds a lease and renews it meanwhile. Both are reckoned by the database's
clock, so that the replicas' own need not agree.
"""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from kembar_shared.chassis.database import Connection, is_sqlite

NEVER: Final = 0.0

_TABLE: Final = sa.Table(
    "job_lease",
    sa.MetaData(),
    sa.Column("job", sa.Text, primary_key=True),
    sa.Column("holder", sa.Text),
    sa.Column("until_s", sa.Float),
    sa.Column("done_s", sa.Float),
)


def take(conn: Connection, job: str, *, holder: str, every_s: float, lease_s: float) -> bool:
    """Take *job* where it is due and nobody does it; say whether it was taken.

    Args:
        conn: A writing transaction.
        job: Its name.
        holder: Who takes it; another name for each replica.
        every_s: How long after it was done last it is due again, in seconds.
        lease_s: How long nobody else may take it, unless it is renewed, in seconds.
    """
    now = _now(conn)
    insert = (sqlite if is_sqlite(conn) else postgresql).insert(_TABLE)
    taken = insert.values(job=job, holder=holder, until_s=now + lease_s, done_s=NEVER)
    taken = taken.on_conflict_do_update(
        index_elements=["job"],
        set_={"holder": holder, "until_s": now + lease_s},
        where=(_TABLE.c.until_s <= now) & (_TABLE.c.done_s <= now - every_s),
    )
    return conn.execute(taken.returning(_TABLE.c.job)).first() is not None


def renew(conn: Connection, job: str, *, holder: str, lease_s: float) -> bool:
    """Hold *job* on for *lease_s* from now; False where it is no longer *holder*'s."""
    return _change(conn, job, holder, until_s=_now(conn) + lease_s)


def end(conn: Connection, job: str, *, holder: str, is_done: bool, pause_s: float = 0) -> bool:
    """Give *job* back, done or not; False where it is no longer *holder*'s.

    Args:
        conn: A writing transaction.
        job: Its name.
        holder: Who took it.
        is_done: Whether this counts as done for the period.
        pause_s: For how long nobody shall try again, in seconds.
    """
    now = _now(conn)
    done = {"done_s": now} if is_done else {}
    return _change(conn, job, holder, until_s=now + pause_s, **done)


def done_s(conn: Connection, job: str) -> float:
    """Return when *job* was done last, in seconds since 1970; `NEVER` where it was not yet."""
    found = conn.execute(sa.select(_TABLE.c.done_s).where(_TABLE.c.job == job)).scalar()
    return NEVER if found is None else float(found)


def _change(conn: Connection, job: str, holder: str, **values: sa.ColumnElement[float]) -> bool:
    held = (_TABLE.c.job == job) & (_TABLE.c.holder == holder)
    return bool(conn.execute(sa.update(_TABLE).where(held).values(**values)).rowcount)


def _now(conn: Connection) -> sa.ColumnElement[float]:
    if is_sqlite(conn):
        return sa.literal_column("((julianday('now') - 2440587.5) * 86400.0)", sa.Float)
    return sa.literal_column("extract(epoch FROM now())::float8", sa.Float)
