"""Tables of the gateway: clients, figures, the register and its evidence, reports, the feed."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKeyConstraint,
    Index,
    LargeBinary,
    Text,
    UniqueConstraint,
    text,
)
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


class EvidenceFile(SQLModel, table=True):
    """A file that a cooperation's register names by its digest; never changed or deleted."""

    __tablename__ = "evidence_file"

    cooperation: str = Field(primary_key=True, sa_type=Text)
    sha256: str = Field(primary_key=True, sa_type=Text)
    media_type: str = Field(sa_type=Text)
    ending: str = Field(sa_type=Text)
    name: str | None = Field(default=None, sa_type=Text)
    bytes: int = Field(sa_type=BigInteger)
    added_at: datetime
    added_by: str = Field(sa_type=Text)


class EvidencePiece(SQLModel, table=True):
    """A part of such a file; the parts in the order of their numbers are the file."""

    __tablename__ = "evidence_piece"
    __table_args__ = (
        ForeignKeyConstraint(
            ["cooperation", "sha256"], ["evidence_file.cooperation", "evidence_file.sha256"]
        ),
    )

    cooperation: str = Field(primary_key=True, sa_type=Text)
    sha256: str = Field(primary_key=True, sa_type=Text)
    number: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    content: bytes = Field(sa_type=LargeBinary)


class Report(SQLModel, table=True):
    """A report; once `status` is `published`, triggers refuse every change of it.

    `number` counts the reports of a cooperation and period; `document` is what is signed, and
    `supersedes` the report published before it.
    """

    __tablename__ = "report"
    __table_args__ = (
        UniqueConstraint("cooperation", "period", "number", name="uq_report_number"),
        CheckConstraint(
            "status IN ('generated', 'reviewed', 'published')", name="ck_report_status"
        ),
    )

    code: str = Field(primary_key=True, sa_type=Text)
    cooperation: str = Field(sa_type=Text)
    period: str = Field(sa_type=Text)
    number: int
    status: str = Field(sa_type=Text)
    digest: str = Field(sa_type=Text)
    document: str = Field(sa_type=Text)
    supersedes: str | None = Field(default=None, sa_type=Text)
    created_at: datetime
    created_by: str = Field(sa_type=Text)
    reviewed_at: datetime | None = None
    reviewed_by: str | None = Field(default=None, sa_type=Text)
    published_at: datetime | None = None
    published_by: str | None = Field(default=None, sa_type=Text)


class ReportFile(SQLModel, table=True):
    """A file that a report names by its digest; never changed."""

    __tablename__ = "report_file"

    report: str = Field(primary_key=True, sa_type=Text, foreign_key="report.code")
    name: str = Field(primary_key=True, sa_type=Text)
    content: str = Field(sa_type=Text)


class ReportSignature(SQLModel, table=True):
    """A signature over a published report, with the public key that made it; never changed."""

    __tablename__ = "report_signature"

    report: str = Field(primary_key=True, sa_type=Text, foreign_key="report.code")
    kid: str = Field(primary_key=True, sa_type=Text)
    role: str = Field(sa_type=Text)
    party: str | None = Field(default=None, sa_type=Text)
    protected: str = Field(sa_type=Text)
    signature: str = Field(sa_type=Text)
    jwk: str = Field(sa_type=Text)
    signed_at: datetime
    added_at: datetime
    added_by: str = Field(sa_type=Text)


class PartnerKey(SQLModel, table=True):
    """A public key by which a party countersigns, and the client that speaks for that party."""

    __tablename__ = "partner_key"

    kid: str = Field(primary_key=True, sa_type=Text)
    cooperation: str = Field(sa_type=Text)
    party: str = Field(sa_type=Text)
    client: str = Field(sa_type=Text)
    jwk: str = Field(sa_type=Text)
    created_at: datetime
    created_by: str = Field(sa_type=Text)
    withdrawn_at: datetime | None = None


class Change(SQLModel, table=True):
    """One line of the partner's feed, numbered in the order of commits."""

    __tablename__ = "outcome_change"

    seq: int = Field(
        primary_key=True, sa_type=BigInteger, sa_column_kwargs={"autoincrement": False}
    )
    at: datetime
    kind: str = Field(sa_type=Text)
    indicator: str | None = Field(default=None, sa_type=Text)
    cooperation: str | None = Field(default=None, sa_type=Text)
    detail: str = Field(sa_type=Text)


class ChangeHead(SQLModel, table=True):
    """The number of the newest change; whoever adds some holds it until the commit."""

    __tablename__ = "outcome_change_head"

    id: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    seq: int = Field(sa_type=BigInteger)


class Webhook(SQLModel, table=True):
    """Where a partner's machine wants to be told; `cursor` is how far into the feed it was.

    After a failure it waits until `next_attempt_at`, the longer the more `failures` there were.
    """

    __tablename__ = "webhook"

    code: str = Field(primary_key=True, sa_type=Text)
    cooperation: str = Field(sa_type=Text)
    url: str = Field(sa_type=Text)
    cursor: int = Field(sa_type=BigInteger)
    created_at: datetime
    created_by: str = Field(sa_type=Text)
    disabled_at: datetime | None = None
    failures: int = 0
    next_attempt_at: datetime | None = None


class WebhookDelivery(SQLModel, table=True):
    """What is sent, made once and never changed; delivered where the receiver said so."""

    __tablename__ = "webhook_delivery"

    webhook: str = Field(primary_key=True, sa_type=Text, foreign_key="webhook.code")
    number: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    body: str = Field(sa_type=Text)
    created_at: datetime
    delivered_at: datetime | None = None


class WebhookAttempt(SQLModel, table=True):
    """The log of deliveries: every attempt, its HTTP status, or why there is none."""

    __tablename__ = "webhook_attempt"

    webhook: str = Field(primary_key=True, sa_type=Text)
    number: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    attempt: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    at: datetime
    status: int | None = None
    reason: str | None = Field(default=None, sa_type=Text)
