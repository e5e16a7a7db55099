"""Tables of the kernel: stations, series, measurements and their revisions, uploads, rollups.

Instants of measurements are whole microseconds since 1970-01-01 UTC on every database, so that one
SQL statement serves SQLite and PostgreSQL alike (see docs/decisions).
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, Column, ForeignKeyConstraint, Index, SmallInteger, Text
from sqlmodel import Field, SQLModel

DAY, MONTH, YEAR = 0, 1, 2
"""Codes of `Measurement.grain` and `Rollup.grain`."""


class Station(SQLModel, table=True):
    """A place that is measured, or a city or facility that states figures."""

    __tablename__ = "station"

    id: int | None = Field(default=None, primary_key=True)
    code: str = Field(sa_type=Text, unique=True)
    name: str = Field(sa_type=Text)
    kind: str = Field(sa_type=Text)
    latitude: float
    longitude: float
    altitude_m: float | None = None
    timezone: str = Field(sa_type=Text)
    jurisdiction: str = Field(default="", sa_type=Text)
    water_class: str | None = Field(default=None, sa_type=Text)
    origin: str = Field(sa_type=Text)
    note: str = Field(default="", sa_type=Text)
    version: int = 1
    changed_at: datetime


class Series(SQLModel, table=True):
    """What one station measures of one parameter (and material, and source of waste)."""

    __tablename__ = "series"
    __table_args__ = (
        Index("ux_series_identity", "station_id", "parameter", "material", "source", unique=True),
    )

    id: int | None = Field(default=None, primary_key=True)
    station_id: int = Field(foreign_key="station.id")
    parameter: str = Field(sa_type=Text)
    material: str = Field(default="", sa_type=Text)
    source: str = Field(default="", sa_type=Text)
    cadence: str = Field(sa_type=Text)


class Upload(SQLModel, table=True):
    """One file as received, and what became of each of its rows."""

    __tablename__ = "upload"

    id: int | None = Field(default=None, primary_key=True)
    code: str = Field(sa_type=Text, unique=True)
    client: str = Field(sa_type=Text)
    received_at: datetime
    sha256: str = Field(sa_type=Text)
    size_bytes: int = Field(sa_type=BigInteger)
    stored: bool
    received: int
    inserted: int
    unchanged: int
    corrected: int
    rejected: int
    flagged: int
    first_time_us: int | None = Field(default=None, sa_type=BigInteger)
    last_time_us: int | None = Field(default=None, sa_type=BigInteger)


class Rejection(SQLModel, table=True):
    """One failing cell of an upload, with the line it stood on."""

    __tablename__ = "rejection"

    upload_id: int = Field(foreign_key="upload.id", primary_key=True)
    number: int = Field(primary_key=True)
    line: int
    column_name: str = Field(sa_type=Text)
    value: str = Field(sa_type=Text)
    code: str = Field(sa_type=Text)
    expected: str = Field(sa_type=Text)
    raw: str = Field(sa_type=Text)


class _Reading(SQLModel):
    """What is known of one value; the natural key stands in the tables below."""

    value: float | None = None
    qualifier: str | None = Field(default=None, sa_type=Text)
    limit_value: float | None = None
    period: str | None = Field(default=None, sa_type=Text)
    grain: int = Field(sa_type=SmallInteger)
    flag: int = Field(sa_type=SmallInteger)
    upload_id: int
    line: int
    sent_value: str | None = Field(default=None, sa_type=Text)
    sent_unit: str | None = Field(default=None, sa_type=Text)
    method: str | None = Field(default=None, sa_type=Text)
    depth_m: float | None = None
    note: str | None = Field(default=None, sa_type=Text)


class Measurement(_Reading, table=True):
    """The value that counts now for one series at one instant."""

    __tablename__ = "measurement"
    __table_args__ = (
        ForeignKeyConstraint(["series_id"], ["series.id"]),
        {"sqlite_with_rowid": False},
    )

    series_id: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    time_us: int = Field(
        sa_column=Column(BigInteger, primary_key=True, autoincrement=False, nullable=False)
    )
    revision: int = 1


class MeasurementRevision(_Reading, table=True):
    """A value that counted until `replaced_by` brought another."""

    __tablename__ = "measurement_revision"
    __table_args__ = ({"sqlite_with_rowid": False},)

    series_id: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    time_us: int = Field(
        sa_column=Column(BigInteger, primary_key=True, autoincrement=False, nullable=False)
    )
    revision: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    replaced_by: int


class Rollup(SQLModel, table=True):
    """Counts and sums of one series over one local day, or of values that stand for longer.

    `first_day` is the local calendar day as yyyymmdd, so that `first_day / 100` is its month.
    """

    __tablename__ = "rollup"
    __table_args__ = ({"sqlite_with_rowid": False},)

    series_id: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    grain: int = Field(
        sa_column=Column(SmallInteger, primary_key=True, autoincrement=False, nullable=False)
    )
    first_day: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    n: int
    total: float | None = None
    least: float | None = None
    greatest: float | None = None
    n_below: int
    n_above: int
    below_limit: float | None = None


class Latest(SQLModel, table=True):
    """The newest measurement of each series that no check failed."""

    __tablename__ = "latest"

    series_id: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    time_us: int = Field(sa_type=BigInteger)
    value: float | None = None
