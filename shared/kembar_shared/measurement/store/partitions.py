"""Partitions of `measurement` on PostgreSQL: one for each month, one for each year of old.

They are made ahead of time, and before an upload that needs one. What finds none is kept in
`measurement_rest` all the same. To attach a partition is to look at `measurement_rest` alone: it
waits for every transaction that has read from there, and whoever reads next waits for it.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Final

import polars as pl
from sqlalchemy import text

from kembar_shared.chassis.database import is_sqlite
from kembar_shared.measurement.periods import Period, us_of_instant
from kembar_shared.measurement.store.tables import MEASUREMENT
from kembar_shared.measurement.vocabulary import Grain

if TYPE_CHECKING:
    from collections.abc import Iterable

    from kembar_shared.chassis.database import Connection

FIRST_MONTHLY_YEAR: Final = 2010
"""Earlier years have one partition each: they are few rows, and hundreds of tables slow plans."""

_DAY_US: Final = 86_400_000_000
_LOCK: Final = 0x6B656D706172  # "kempar": any number that no other lock uses
_KNOWN: Final = """
    SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
    WHERE i.inhparent = 'measurement'::regclass
"""
# Divided as decimals, rounded down: an instant before 1970 lies in a day before it.
_WAITING: Final = """
    SELECT DISTINCT CAST(floor(time_us / 86400000000.0) AS INTEGER) FROM measurement_rest
"""


def partition_of(day: date) -> Period:
    """Return the month, or of old the year, in UTC, whose partition holds *day*."""
    return Period.of(day, Grain.MONTH if day.year >= FIRST_MONTHLY_YEAR else Grain.YEAR)


def ahead(today: date, months: int) -> list[date]:
    """Return a day of this month and of each of the next *months*."""
    days = [today.replace(day=1)]
    for _ in range(months):
        days.append(Period.of(days[-1], Grain.MONTH).following)
    return days


def missing(conn: Connection, days: Iterable[date]) -> list[Period]:
    """Return the partitions of these days, in UTC, that are not there."""
    return _absent(conn, {partition_of(day) for day in days})


def waiting(conn: Connection) -> list[Period]:
    """Return the partitions, newest first, that measurements in `measurement_rest` wait for."""
    days = conn.execute(text(_WAITING)).scalars()
    epoch = date(1970, 1, 1)
    return sorted({partition_of(epoch + timedelta(days=day)) for day in days}, reverse=True)


def make_room(conn: Connection, table: str, rows: pl.DataFrame) -> None:
    """Make the partitions that *rows* of *table*, about to be inserted, lack."""
    if table == MEASUREMENT.name and not is_sqlite(conn):
        make(conn, missing(conn, days_of(rows["time_us"])))


def days_of(times_us: pl.Series) -> list[date]:
    """Return the first days of the months, in UTC, that instants lie in."""
    days = (times_us // _DAY_US).unique().cast(pl.Int32).cast(pl.Date)
    return days.dt.month_start().unique().to_list()


def make(conn: Connection, wanted: Iterable[Period], *, patience_ms: int | None = None) -> None:
    """Make the partitions *wanted* that are not there.

    Rows that waited in `measurement_rest` for one of them move there.

    Args:
        conn: A writing transaction that does nothing else; readers wait until it is committed.
        wanted: The months and years.
        patience_ms: How long to wait for a reader in the way; absent: as long as for any lock.

    Raises:
        DatabaseUnavailable: A reader was in the way; what was to be made is not.
    """
    if patience_ms is not None:
        conn.exec_driver_sql(f"SET LOCAL lock_timeout = {int(patience_ms)}")
    conn.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
    absent = _absent(conn, wanted)
    for period in absent:
        _create(conn, period)
    if absent:
        # From here to the commit nobody reads or fills what finds no partition.
        conn.exec_driver_sql("LOCK TABLE measurement_rest IN ACCESS EXCLUSIVE MODE")
    for period in absent:
        _attach(conn, period)


def _absent(conn: Connection, wanted: Iterable[Period]) -> list[Period]:
    known = set(conn.execute(text(_KNOWN)).scalars())
    return sorted(period for period in wanted if _name(period) not in known)


def _create(conn: Connection, period: Period) -> None:
    name = _name(period)
    conn.exec_driver_sql(f"CREATE TABLE {name} (LIKE measurement INCLUDING ALL)")
    # So that attaching it need not read it.
    conn.exec_driver_sql(f"ALTER TABLE {name} ADD CONSTRAINT {name}_span CHECK ({_inside(period)})")


def _attach(conn: Connection, period: Period) -> None:
    name = _name(period)
    conn.exec_driver_sql(
        f"WITH moved AS (DELETE FROM measurement_rest WHERE {_inside(period)} RETURNING *) "
        f"INSERT INTO {name} SELECT * FROM moved"
    )
    # Creating a partition in place would wait for the readers of every other one, too.
    conn.exec_driver_sql(
        f"ALTER TABLE measurement ATTACH PARTITION {name} "
        f"FOR VALUES FROM ({_us(period.first)}) TO ({_us(period.following)})"
    )


def _inside(period: Period) -> str:
    return f"time_us >= {_us(period.first)} AND time_us < {_us(period.following)}"


def _name(period: Period) -> str:
    return "measurement_" + str(period).replace("-", "_")


def _us(day: date) -> int:
    return us_of_instant(datetime(day.year, day.month, day.day, tzinfo=UTC))
