"""What was answered to a request is answered again when it is sent again with the same key."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated, Final

import sqlalchemy as sa
from fastapi import Depends, Header

from kembar_shared.chassis.database import Connection, is_sqlite
from kembar_shared.chassis.problems import BadIdempotencyKey, IdempotencyConflict

KEPT: Final = timedelta(days=7)

_FORM = re.compile(r"[\x21-\x7e]{8,128}")
_TABLE: Final = sa.Table(
    "idempotency_key",
    sa.MetaData(),
    sa.Column("client", sa.Text, primary_key=True),
    sa.Column("operation", sa.Text, primary_key=True),
    sa.Column("key", sa.Text, primary_key=True),
    sa.Column("fingerprint", sa.Text),
    sa.Column("status", sa.SmallInteger),
    sa.Column("body", sa.Text),
    sa.Column("created_at", sa.DateTime(timezone=True)),
)


@dataclass(frozen=True, slots=True)
class Remembered:
    """What was answered the first time."""

    status: int
    body: str


def recall(
    conn: Connection, client: str, operation: str, key: str, fingerprint: str
) -> Remembered | None:
    """Return what was answered to this request before, if it was.

    Call it in the transaction that will do the work: of two at once, the second waits here until
    the first has committed.

    Args:
        conn: A writing transaction.
        client: Who asks; another client's key is another key.
        operation: What is asked, such as `POST /v1/uploads`.
        key: The key as sent.
        fingerprint: Hash of the raw body and of the parameters that matter.

    Raises:
        IdempotencyConflict: The key was used for another request.
    """
    if not is_sqlite(conn):
        name = "\n".join((client, operation, key))
        conn.execute(sa.select(sa.func.pg_advisory_xact_lock(sa.func.hashtextextended(name, 0))))
    found = conn.execute(
        sa.select(_TABLE.c.fingerprint, _TABLE.c.status, _TABLE.c.body).where(
            _TABLE.c.client == client, _TABLE.c.operation == operation, _TABLE.c.key == key
        )
    ).one_or_none()
    if found is None:
        return None
    if found.fingerprint != fingerprint:
        raise IdempotencyConflict
    return Remembered(found.status, found.body)


def remember(
    conn: Connection,
    client: str,
    operation: str,
    key: str,
    fingerprint: str,
    status: int,
    body: str,
) -> None:
    """Keep an answer for seven days; call it in the transaction that did the work."""
    now = datetime.now(UTC)
    conn.execute(sa.delete(_TABLE).where(_TABLE.c.created_at < now - KEPT))
    conn.execute(
        sa.insert(_TABLE).values(
            client=client,
            operation=operation,
            key=key,
            fingerprint=fingerprint,
            status=status,
            body=body,
            created_at=now,
        )
    )


async def _key(
    idempotency_key: Annotated[
        str | None,
        Header(description="8 to 128 printable ASCII characters; makes a retry safe."),
    ] = None,
) -> str | None:
    if idempotency_key is not None and _FORM.fullmatch(idempotency_key) is None:
        raise BadIdempotencyKey
    return idempotency_key


IdempotencyKeyDep = Annotated[str | None, Depends(_key)]
