"""The statements of reports: what is published is read and never written again."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, cast

import sqlalchemy as sa

from kembar_gateway import models
from kembar_shared.chassis.database import is_sqlite

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from datetime import datetime

    from kembar_gateway.reports.canonical import Json
    from kembar_shared.chassis.database import Connection

GENERATED: Final = "generated"
REVIEWED: Final = "reviewed"
PUBLISHED: Final = "published"

PUBLISHER: Final = "publisher"
COUNTERSIGNER: Final = "countersigner"


def _table(model: Any) -> sa.Table:
    # Any: SQLModel makes the attribute at run time, so no type checker knows it.
    return cast("sa.Table", model.__table__)


_REPORT = _table(models.Report)
_FILE = _table(models.ReportFile)
_SIGNATURE = _table(models.ReportSignature)
_KEY = _table(models.PartnerKey)
_SHOWN = [column for column in _REPORT.c if column.name != "document"]


@dataclass(frozen=True, slots=True)
class Known:
    """A report as stored, without its document."""

    code: str
    cooperation: str
    period: str
    number: int
    status: str
    digest: str
    supersedes: str | None
    created_at: datetime
    created_by: str
    reviewed_at: datetime | None = None
    reviewed_by: str | None = None
    published_at: datetime | None = None
    published_by: str | None = None


@dataclass(frozen=True, slots=True)
class Signature:
    """A signature as stored; `jwk` is the public key that made it."""

    report: str
    kid: str
    role: str
    party: str | None
    protected: str
    signature: str
    jwk: Json
    signed_at: datetime
    added_at: datetime
    added_by: str


@dataclass(frozen=True, slots=True)
class RegisteredKey:
    """A key by which a party countersigns, and the client that speaks for it."""

    kid: str
    cooperation: str
    party: str
    client: str
    jwk: Json
    created_at: datetime
    created_by: str
    withdrawn_at: datetime | None = None


def next_number(conn: Connection, cooperation: str, period: str) -> int:
    """Return the number of the next report of a period; of two at once the second waits."""
    if not is_sqlite(conn):
        name = f"report\n{cooperation}\n{period}"
        conn.execute(sa.select(sa.func.pg_advisory_xact_lock(sa.func.hashtextextended(name, 0))))
    newest = sa.select(sa.func.max(_REPORT.c.number)).where(
        _REPORT.c.cooperation == cooperation, _REPORT.c.period == period
    )
    return (conn.execute(newest).scalar_one() or 0) + 1


def add(conn: Connection, known: Known, document: str, files: Mapping[str, str]) -> None:
    """Store a new report with its files."""
    members = {name: getattr(known, name) for name in Known.__slots__}
    conn.execute(sa.insert(_REPORT).values(**members, document=document))
    rows = [
        {"report": known.code, "name": name, "content": content} for name, content in files.items()
    ]
    conn.execute(sa.insert(_FILE), rows)


def find(conn: Connection, code: str, *, lock: bool = False) -> Known | None:
    """Return a report, or None; with *lock* nobody else changes it until the transaction ends."""
    query = sa.select(*_SHOWN).where(_REPORT.c.code == code)
    row = conn.execute(query.with_for_update() if lock else query).one_or_none()
    return None if row is None else Known(**row._mapping)


def document(conn: Connection, code: str) -> str:
    """Return the canonical text of a report that there is."""
    found = conn.execute(sa.select(_REPORT.c.document).where(_REPORT.c.code == code))
    return str(found.scalar_one())


def files(conn: Connection, code: str, names: Collection[str] | None = None) -> dict[str, str]:
    """Return the files of a report by name, all or some of them."""
    query = sa.select(_FILE.c.name, _FILE.c.content).where(_FILE.c.report == code)
    if names is not None:
        query = query.where(_FILE.c.name.in_(list(names)))
    return {row.name: row.content for row in conn.execute(query.order_by(_FILE.c.name))}


def last_published(conn: Connection, cooperation: str, period: str) -> Known | None:
    """Return the newest published report of a period, or None."""
    query = sa.select(*_SHOWN).where(
        _REPORT.c.cooperation == cooperation,
        _REPORT.c.period == period,
        _REPORT.c.status == PUBLISHED,
    )
    row = conn.execute(query.order_by(_REPORT.c.number.desc()).limit(1)).one_or_none()
    return None if row is None else Known(**row._mapping)


def change(conn: Connection, code: str, **members: object) -> None:
    """Change the status of a report that is not published; triggers refuse any other change."""
    conn.execute(sa.update(_REPORT).where(_REPORT.c.code == code).values(**members))


def listed(
    conn: Connection,
    *,
    after: str,
    limit: int,
    cooperations: Collection[str],
    unpublished_of: Collection[str],
    period: str | None = None,
) -> list[Known]:
    """List reports by code, beginning behind the code *after*.

    Args:
        conn: A transaction.
        after: The last code of the page before, or nothing.
        limit: Most reports.
        cooperations: Of which ones published reports are wanted.
        unpublished_of: Of which ones the others are, too.
        period: Of this period alone.
    """
    seen = sa.or_(_REPORT.c.status == PUBLISHED, _REPORT.c.cooperation.in_(list(unpublished_of)))
    query = sa.select(*_SHOWN).where(
        _REPORT.c.code > after, _REPORT.c.cooperation.in_(list(cooperations)), seen
    )
    if period is not None:
        query = query.where(_REPORT.c.period == period)
    return [
        Known(**row._mapping) for row in conn.execute(query.order_by(_REPORT.c.code).limit(limit))
    ]


def sign(conn: Connection, signature: Signature) -> None:
    """Add a signature to a report."""
    members = {name: getattr(signature, name) for name in Signature.__slots__}
    conn.execute(sa.insert(_SIGNATURE).values({**members, "jwk": json.dumps(signature.jwk)}))


def signatures(conn: Connection, code: str) -> list[Signature]:
    """Return the signatures of a report, the publisher's first."""
    query = sa.select(_SIGNATURE).where(_SIGNATURE.c.report == code)
    rows = conn.execute(query.order_by(_SIGNATURE.c.role.desc(), _SIGNATURE.c.kid))
    return [Signature(**{**row._mapping, "jwk": json.loads(row.jwk)}) for row in rows]


def add_key(conn: Connection, key: RegisteredKey) -> None:
    """Store a party's key."""
    members = {name: getattr(key, name) for name in RegisteredKey.__slots__}
    conn.execute(sa.insert(_KEY).values({**members, "jwk": json.dumps(key.jwk)}))


def find_key(conn: Connection, kid: str, *, lock: bool = False) -> RegisteredKey | None:
    """Return a party's key, or None."""
    query = sa.select(_KEY).where(_KEY.c.kid == kid)
    row = conn.execute(query.with_for_update() if lock else query).one_or_none()
    return None if row is None else RegisteredKey(**{**row._mapping, "jwk": json.loads(row.jwk)})


def list_keys(conn: Connection, cooperations: Collection[str]) -> list[RegisteredKey]:
    """List the parties' keys in some cooperations, by id."""
    query = sa.select(_KEY).where(_KEY.c.cooperation.in_(list(cooperations)))
    rows = conn.execute(query.order_by(_KEY.c.kid))
    return [RegisteredKey(**{**row._mapping, "jwk": json.loads(row.jwk)}) for row in rows]


def withdraw_key(conn: Connection, kid: str, *, at: datetime) -> None:
    """Let a party's key sign nothing any more; what it signed stays."""
    conn.execute(sa.update(_KEY).where(_KEY.c.kid == kid).values(withdrawn_at=at))
