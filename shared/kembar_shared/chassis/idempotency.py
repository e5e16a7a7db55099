"""What was answered to a request is answered again when it is sent again with the same key."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import chain
from typing import TYPE_CHECKING, Annotated, Any, Final

import sqlalchemy as sa
from fastapi import Depends, Header

from kembar_shared.chassis.database import Connection, is_sqlite, spelled_instant
from kembar_shared.chassis.problems import BadIdempotencyKey, IdempotencyConflict

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

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


# In one order: else two that want the same keys would wait for each other.
_LOCK_ALL: Final = """
    SELECT pg_advisory_xact_lock(number) FROM (
        SELECT DISTINCT hashtextextended(name, 0) AS number
        FROM unnest(%s::text[]) AS name ORDER BY number) AS numbers
"""
# In the driver's own words: to compose them anew would cost more than to do them.
_KNOWN: Final = (
    "SELECT client, key FROM idempotency_key WHERE operation = {0} AND (client, key) IN "
)
_FORGET: Final = "DELETE FROM idempotency_key WHERE created_at < {0}"
_KEEP: Final = """
    INSERT INTO idempotency_key (operation, status, created_at, client, key, fingerprint, body)
"""


@dataclass(frozen=True, slots=True)
class Remembered:
    """What was answered the first time."""

    status: int
    body: str


def is_key(sent: str) -> bool:
    """Say whether *sent* has the form of a key."""
    return _FORM.fullmatch(sent) is not None


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


def known(
    conn: Connection, operation: str, keys: Collection[tuple[str, str]]
) -> set[tuple[str, str]]:
    """Return which of *keys*, pairs of client and key, were used before.

    As with `recall`, whoever asks for one of them next waits until the transaction ends.
    """
    if not keys:
        return set()
    pairs = list(keys)
    if is_sqlite(conn):
        marks = ", ".join(("(?, ?)",) * len(pairs))
        asked = (operation, *chain.from_iterable(pairs))
        found = _ask(conn, f"{_KNOWN.format('?')} (VALUES {marks})", asked)
    else:
        names = ["\n".join((client, operation, key)) for client, key in pairs]
        _ask(conn, _LOCK_ALL, (names,))
        unnested = "(SELECT * FROM unnest(%s::text[], %s::text[]))"
        columns = [list(column) for column in zip(*pairs, strict=True)]
        found = _ask(conn, _KNOWN.format("%s") + unnested, (operation, *columns))
    return {(client, key) for client, key in found}


def remember_all(
    conn: Connection, operation: str, answers: Sequence[tuple[str, str, str, str]], status: int
) -> None:
    """Keep answers, each of client, key, fingerprint and body, as `remember` does."""
    if not answers:
        return
    now = datetime.now(UTC)
    at = spelled_instant(conn, now)
    mark = "?" if is_sqlite(conn) else "%s"
    _ask(conn, _FORGET.format(mark), (spelled_instant(conn, now - KEPT),))
    if is_sqlite(conn):
        marks = ", ".join(("(?, ?, ?, ?, ?, ?, ?)",) * len(answers))
        kept = [(operation, status, at, *answer) for answer in answers]
        _ask(conn, f"{_KEEP} VALUES {marks}", tuple(chain.from_iterable(kept)))
    else:
        fixed = "SELECT %s::text, %s::smallint, %s::timestamptz, w.* FROM "
        unnested = f"unnest({', '.join(('%s::text[]',) * 4)}) AS w"
        columns = [list(column) for column in zip(*answers, strict=True)]
        _ask(conn, _KEEP + fixed + unnested, (operation, status, at, *columns))


def _ask(conn: Connection, statement: str, parameters: tuple[Any, ...]) -> Any:
    """Ask the driver itself; Any: what it binds, and its own cursor."""
    return conn.connection.cursor().execute(statement, parameters)


async def _key(
    idempotency_key: Annotated[
        str | None,
        Header(description="8 to 128 printable ASCII characters; makes a retry safe."),
    ] = None,
) -> str | None:
    if idempotency_key is not None and not is_key(idempotency_key):
        raise BadIdempotencyKey
    return idempotency_key


IdempotencyKeyDep = Annotated[str | None, Depends(_key)]
