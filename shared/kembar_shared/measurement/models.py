"""Tables of the kernel: stations, series, measurements and their revisions, events, rollups.

Instants of measurements are whole microseconds since 1970-01-01 UTC on every database, so that one
SQL statement serves SQLite and PostgreSQL alike (see docs/decisions).

On PostgreSQL `measurement` is partitioned by time. On Citus the tables whose key begins with
`series_id` are distributed by it, side by side; all others are reference tables.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

from sqlalchemy import BigInteger, Column, Index, SmallInteger, Text, text
from sqlmodel import Field, SQLModel

DISTRIBUTED: Final = (
    "measurement", "measurement_revision", "rollup", "latest", "change", "check_finding",
)  # fmt: skip
"""Tables that Citus spreads over its nodes by `series_id`."""


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


class Feed(SQLModel, table=True):
    """The one row that every event takes its place from, held until the event is committed.

    So `seq` grows in the order of commits, and who has read up to one never misses an earlier one.
    """

    __tablename__ = "feed"

    id: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    seq: int = Field(sa_type=BigInteger)
    recorded_at: datetime


class Event(SQLModel, table=True):
    """Something that happened to what is stored: an upload, a review, a change of a station.

    `seq` and `recorded_at` are set last of all, and grow together.
    """

    __tablename__ = "event"

    id: int | None = Field(default=None, primary_key=True)
    kind: str = Field(sa_type=Text)
    client: str = Field(sa_type=Text)
    seq: int | None = Field(default=None, sa_column=Column(BigInteger, unique=True))
    recorded_at: datetime | None = None


class Upload(SQLModel, table=True):
    """One file as received, and what became of each of its rows; an event of the same id."""

    __tablename__ = "upload"

    id: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    code: str = Field(sa_type=Text, unique=True)
    client: str = Field(sa_type=Text)
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

    upload_id: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    number: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    line: int
    column_name: str = Field(sa_type=Text)
    value: str = Field(sa_type=Text)
    code: str = Field(sa_type=Text)
    expected: str = Field(sa_type=Text)
    raw: str = Field(sa_type=Text)


class Review(SQLModel, table=True):
    """A judgement of measurements by a person; an event of the same id, kept for ever."""

    __tablename__ = "review"

    id: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    code: str = Field(sa_type=Text, unique=True)
    flag: int = Field(sa_type=SmallInteger)
    reason: str = Field(sa_type=Text)
    selection: str = Field(sa_type=Text)
    judged: int


class _Reading(SQLModel):
    """What is known of one value; the natural key stands in the tables below.

    `span` is the time the value stands for: minutes up to a day, or, negative, one or twelve
    months. `sent` is the value and the unit as they were sent, parted by U+001F, where they are
    not the stored ones; `extra` holds method, depth, note and period as JSON, where there are any.
    The event that made this version is `judged_by`, and without it the upload.
    """

    value: float | None = None
    limit_value: float | None = None
    upload_id: int
    line: int
    revision: int
    judged_by: int | None = None
    span: int = Field(sa_type=SmallInteger)
    flag: int = Field(sa_type=SmallInteger)
    qualifier: str | None = Field(default=None, sa_type=Text)
    sent: str | None = Field(default=None, sa_type=Text)
    extra: str | None = Field(default=None, sa_type=Text)


class Measurement(_Reading, table=True):
    """The value that counts now for one series at one instant."""

    __tablename__ = "measurement"
    __table_args__ = ({"sqlite_with_rowid": False, "postgresql_partition_by": "RANGE (time_us)"},)

    series_id: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    time_us: int = Field(
        sa_column=Column(BigInteger, primary_key=True, autoincrement=False, nullable=False)
    )


class MeasurementRevision(_Reading, table=True):
    """A value that counted until the event `replaced_by` brought another."""

    __tablename__ = "measurement_revision"
    __table_args__ = ({"sqlite_with_rowid": False},)

    series_id: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    time_us: int = Field(
        sa_column=Column(BigInteger, primary_key=True, autoincrement=False, nullable=False)
    )
    revision: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    replaced_by: int


class Change(SQLModel, table=True):
    """Between which instants an event brought new versions of one series' measurements."""

    __tablename__ = "change"
    __table_args__ = ({"sqlite_with_rowid": False},)

    series_id: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    event_id: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False}, index=True)
    first_us: int = Field(sa_type=BigInteger)
    last_us: int = Field(sa_type=BigInteger)
    n: int


class Rollup(SQLModel, table=True):
    """Counts and sums of one series over one local day, or of values that stand for longer.

    `grain` is 0 for days, 1 for months, 2 for years. `first_day` is the local calendar day as
    yyyymmdd, so that `first_day / 100` is its month. Of the values of a day, those are summed that
    stand for the same length of time and cover most of it; `left_out` counts the others. `slots`
    are the different spans of time that the values stand for, and `covered_min` is their length:
    twenty values of one hour are one slot of 60 minutes. (Only days have a length.)

    `total` is the sum of the values. `mean_total` is that of the slots' means, in which a value
    below detection counts as nothing, and `below_total` is what they would have more if each
    counted as its limit; divided by `slots`, they say between what the mean lies.
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
    slots: int
    covered_min: int
    mean_total: float | None = None
    below_total: float | None = None
    left_out: int = Field(sa_column_kwargs={"server_default": text("0")})


class Latest(_Reading, table=True):
    """The newest measurement of each series that no check failed, whole."""

    __tablename__ = "latest"

    series_id: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    time_us: int = Field(sa_type=BigInteger)


class _Figure(SQLModel):
    """What is known of a figure; its key stands in the tables below."""

    value: float | None = None
    unit: str = Field(sa_type=Text)
    state: str = Field(sa_type=Text)
    numerator: float | None = None
    denominator: float | None = None
    n: int
    expected: float
    coverage: float | None = None
    origin: str = Field(sa_type=Text)
    method: str = Field(sa_type=Text)
    stations: str = Field(sa_type=Text)
    detail: str = Field(sa_type=Text)
    digest: str = Field(sa_type=Text)


class ComputedFigure(_Figure, table=True):
    """One figure of one indicator, jurisdiction and month or year: what the gateway pulls."""

    __tablename__ = "computed_figure"

    jurisdiction: str = Field(primary_key=True, sa_type=Text)
    indicator: str = Field(primary_key=True, sa_type=Text)
    period: str = Field(primary_key=True, sa_type=Text)


class PastFigure(_Figure, table=True):
    """A figure as it was by the rules that an event replaced; kept for ever."""

    __tablename__ = "past_figure"

    event_id: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    jurisdiction: str = Field(primary_key=True, sa_type=Text)
    indicator: str = Field(primary_key=True, sa_type=Text)
    period: str = Field(primary_key=True, sa_type=Text)
    new_value: float | None = None
    new_state: str = Field(sa_type=Text)
    new_method: str = Field(sa_type=Text)


class ComputedIndex(SQLModel, table=True):
    """One index of one station and local day, month or year, and what it was computed from.

    `grain` is 0 for days, 1 for months, 2 for years; lists and details are JSON.
    """

    __tablename__ = "computed_index"
    __table_args__ = ({"sqlite_with_rowid": False},)

    station_id: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    first_day: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    index_code: str = Field(primary_key=True, sa_type=Text)
    grain: int = Field(
        sa_column=Column(SmallInteger, primary_key=True, autoincrement=False, nullable=False)
    )
    value: float | None = None
    unit: str = Field(sa_type=Text)
    category: str | None = Field(default=None, sa_type=Text)
    state: str = Field(sa_type=Text)
    method: str = Field(sa_type=Text)
    parameters: str = Field(sa_type=Text)
    missing: str = Field(sa_type=Text)
    critical: str | None = Field(default=None, sa_type=Text)
    detail: str = Field(sa_type=Text)
    digest: str = Field(sa_type=Text)


class ComputedHead(SQLModel, table=True):
    """Up to which event, and by which rules, something was computed: 1 figures, 2 indices.

    Also which rules are in force, and the how manieth: 3 of both, 4 of checks; and 5 of sums: up to
    which series, and by which rules all of them.
    """

    __tablename__ = "computed_head"

    id: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    seq: int = Field(sa_type=BigInteger)
    rules: str = Field(sa_type=Text)


class CheckFinding(SQLModel, table=True):
    """What a test said against a measurement: 3 it is suspect, 4 it failed."""

    __tablename__ = "check_finding"
    __table_args__ = ({"sqlite_with_rowid": False},)

    series_id: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    time_us: int = Field(
        sa_column=Column(BigInteger, primary_key=True, autoincrement=False, nullable=False)
    )
    test: str = Field(primary_key=True, sa_type=Text)
    flag: int = Field(sa_type=SmallInteger)


class CheckHead(SQLModel, table=True):
    """The one row that says up to which event, and by which rules, measurements were checked.

    `run` is the run that may write, and `run_at` when it last said that it goes on.
    """

    __tablename__ = "check_head"

    id: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    seq: int = Field(sa_type=BigInteger)
    rules: str = Field(sa_type=Text)
    run: str = Field(sa_type=Text)
    run_at: datetime
