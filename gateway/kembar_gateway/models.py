"""Tables of the gateway: clients, figures and register entries in all their versions, pulls."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, Index, Text, UniqueConstraint, text
from sqlmodel import Field, SQLModel


class Client(SQLModel, table=True):
    """A machine that may ask for tokens; its secret is kept as a keyed hash alone.

    `generation` grows, and `revoked_at` says when, whenever the tokens issued before shall not
    count any more. A former secret works until `old_secret_until`.
    """

    __tablename__ = "client"

    id: str = Field(primary_key=True, sa_type=Text)
    name: str = Field(sa_type=Text)
    role: str = Field(sa_type=Text)
    secret_hmac: str = Field(sa_type=Text)
    stations: str | None = Field(default=None, sa_type=Text)
    cooperations: str | None = Field(default=None, sa_type=Text)
    created_at: datetime
    created_by: str = Field(sa_type=Text)
    disabled_at: datetime | None = None
    old_secret_hmac: str | None = Field(default=None, sa_type=Text)
    old_secret_until: datetime | None = None
    rate_burst: int | None = None
    rate_per_s: float | None = None
    generation: int = 0
    revoked_at: datetime | None = None


class StoredFigure(SQLModel, table=True):
    """One version of a service's figure; the current one has no `valid_to`."""

    __tablename__ = "figure"
    __table_args__ = (
        Index(
            "ux_figure_current",
            "service",
            "indicator",
            "jurisdiction",
            "period",
            unique=True,
            sqlite_where=text("valid_to IS NULL"),
            postgresql_where=text("valid_to IS NULL"),
        ),
    )

    id: int | None = Field(default=None, primary_key=True)
    service: str = Field(sa_type=Text)
    indicator: str = Field(sa_type=Text)
    jurisdiction: str = Field(sa_type=Text)
    period: str = Field(sa_type=Text)
    value: float | None = None
    unit: str = Field(sa_type=Text)
    state: str = Field(sa_type=Text)
    numerator: float | None = None
    denominator: float | None = None
    n: int = Field(sa_type=BigInteger)
    expected: float
    coverage: float | None = None
    origin: str = Field(sa_type=Text)
    method: str = Field(sa_type=Text)
    stations: str = Field(sa_type=Text)
    detail: str = Field(sa_type=Text)
    digest: str = Field(sa_type=Text)
    valid_from: datetime
    valid_to: datetime | None = None


class SourceStatus(SQLModel, table=True):
    """What the gateway last heard of one service.

    `fetched_at` is when it last confirmed its figures, `checked_at` when it was last asked.
    """

    __tablename__ = "source_status"

    service: str = Field(primary_key=True, sa_type=Text)
    query: str = Field(default="", sa_type=Text)
    etag: str | None = Field(default=None, sa_type=Text)
    fetched_at: datetime | None = None
    checked_at: datetime
    last_error: str | None = Field(default=None, sa_type=Text)


class JobClaim(SQLModel, table=True):
    """Who comes first does a job for one slot of time; the others leave it."""

    __tablename__ = "job_claim"

    job: str = Field(primary_key=True, sa_type=Text)
    slot: int = Field(
        primary_key=True, sa_type=BigInteger, sa_column_kwargs={"autoincrement": False}
    )


class RegisterEntry(SQLModel, table=True):
    """One version of an entry of the register; the current one has no `valid_to`.

    `number` counts all changes of the register, `place` is the number of the entry's first version.
    """

    __tablename__ = "register_entry"
    __table_args__ = (
        Index(
            "ux_register_entry_current",
            "kind",
            "cooperation",
            "code",
            unique=True,
            sqlite_where=text("valid_to IS NULL"),
            postgresql_where=text("valid_to IS NULL"),
        ),
        UniqueConstraint("kind", "cooperation", "code", "version", name="ux_register_entry"),
        Index("ix_register_entry_place", "kind", "place"),
    )

    number: int = Field(
        primary_key=True, sa_type=BigInteger, sa_column_kwargs={"autoincrement": False}
    )
    place: int = Field(sa_type=BigInteger)
    kind: str = Field(sa_type=Text)
    cooperation: str = Field(sa_type=Text)
    code: str = Field(sa_type=Text)
    version: int
    body: str = Field(sa_type=Text)
    digest: str = Field(sa_type=Text)
    valid_from: datetime
    valid_to: datetime | None = None
    changed_by: str = Field(sa_type=Text)
    reason: str = Field(sa_type=Text)


class RegisterHead(SQLModel, table=True):
    """One row: number and instant of the register's newest change; 0 before it was filled."""

    __tablename__ = "register_head"

    id: int = Field(primary_key=True)
    number: int = Field(sa_type=BigInteger)
    changed_at: datetime | None = None
