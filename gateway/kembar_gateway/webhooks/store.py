"""The statements of webhooks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import sqlalchemy as sa

from kembar_gateway import models

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from kembar_shared.chassis.database import Connection


def _table(model: Any) -> sa.Table:
    # Any: SQLModel makes the attribute at run time, so no type checker knows it.
    return cast("sa.Table", model.__table__)


_HOOK = _table(models.Webhook)
_DELIVERY = _table(models.WebhookDelivery)
_ATTEMPT = _table(models.WebhookAttempt)


@dataclass(frozen=True, slots=True)
class Hook:
    """A webhook as stored; see `models.Webhook`."""

    code: str
    cooperation: str
    url: str
    cursor: int
    created_at: datetime
    created_by: str
    disabled_at: datetime | None = None
    failures: int = 0
    next_attempt_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Delivery:
    """What is sent to a webhook."""

    webhook: str
    number: int
    body: str
    created_at: datetime
    delivered_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt to deliver: the receiver's HTTP status, or why there is none."""

    webhook: str
    number: int
    attempt: int
    at: datetime
    status: int | None
    reason: str | None


def add(conn: Connection, hook: Hook) -> None:
    """Store a new webhook."""
    conn.execute(sa.insert(_HOOK).values({n: getattr(hook, n) for n in Hook.__slots__}))


def find(conn: Connection, code: str, *, lock: bool = False) -> Hook | None:
    """Return a webhook, or None; with *lock* nobody else changes it until the transaction ends."""
    query = sa.select(_HOOK).where(_HOOK.c.code == code)
    row = conn.execute(query.with_for_update() if lock else query).one_or_none()
    return None if row is None else Hook(**row._mapping)


def change(conn: Connection, code: str, **members: object) -> None:
    """Change a webhook."""
    conn.execute(sa.update(_HOOK).where(_HOOK.c.code == code).values(**members))


def of(conn: Connection, cooperations: Collection[str]) -> list[Hook]:
    """List the webhooks of some cooperations, by code."""
    query = sa.select(_HOOK).where(_HOOK.c.cooperation.in_(list(cooperations)))
    return [Hook(**row._mapping) for row in conn.execute(query.order_by(_HOOK.c.code))]


def due(conn: Connection, *, now: datetime) -> list[str]:
    """Return the codes of the webhooks that may be tried at *now*."""
    waits = sa.and_(_HOOK.c.next_attempt_at.is_not(None), _HOOK.c.next_attempt_at > now)
    query = sa.select(_HOOK.c.code).where(_HOOK.c.disabled_at.is_(None), sa.not_(waits))
    return list(conn.execute(query.order_by(_HOOK.c.code)).scalars())


def first_undelivered(conn: Connection, code: str) -> Delivery | None:
    """Return the next thing to be sent to a webhook, or None."""
    query = sa.select(_DELIVERY).where(
        _DELIVERY.c.webhook == code, _DELIVERY.c.delivered_at.is_(None)
    )
    row = conn.execute(query.order_by(_DELIVERY.c.number).limit(1)).one_or_none()
    return None if row is None else Delivery(**row._mapping)


def next_number(conn: Connection, code: str) -> int:
    """Return the number of a webhook's next delivery; call it while the webhook is locked."""
    newest = sa.select(sa.func.max(_DELIVERY.c.number)).where(_DELIVERY.c.webhook == code)
    return (conn.execute(newest).scalar_one() or 0) + 1


def add_delivery(conn: Connection, delivery: Delivery) -> None:
    """Store what is to be sent."""
    members = {name: getattr(delivery, name) for name in Delivery.__slots__}
    conn.execute(sa.insert(_DELIVERY).values(members))


def note_attempt(
    conn: Connection, delivery: Delivery, *, at: datetime, status: int | None, reason: str | None
) -> None:
    """Write an attempt into the log; a *reason* says why it failed."""
    mine = (_ATTEMPT.c.webhook == delivery.webhook, _ATTEMPT.c.number == delivery.number)
    before = conn.execute(sa.select(sa.func.max(_ATTEMPT.c.attempt)).where(*mine)).scalar_one()
    attempt = Attempt(delivery.webhook, delivery.number, (before or 0) + 1, at, status, reason)
    conn.execute(sa.insert(_ATTEMPT).values({n: getattr(attempt, n) for n in Attempt.__slots__}))
    if reason is None:
        change = sa.update(_DELIVERY).where(
            _DELIVERY.c.webhook == delivery.webhook, _DELIVERY.c.number == delivery.number
        )
        conn.execute(change.values(delivered_at=at))


def send_again(conn: Connection, code: str, *, since: int) -> int:
    """Let deliveries from the number *since* on be sent once more; say how many."""
    again = sa.update(_DELIVERY).where(
        _DELIVERY.c.webhook == code,
        _DELIVERY.c.number >= since,
        _DELIVERY.c.delivered_at.is_not(None),
    )
    return conn.execute(again.values(delivered_at=None)).rowcount


def deliveries(conn: Connection, code: str, *, after: int, limit: int) -> list[Delivery]:
    """List a webhook's deliveries by number, beginning behind *after*."""
    query = sa.select(_DELIVERY).where(_DELIVERY.c.webhook == code, _DELIVERY.c.number > after)
    rows = conn.execute(query.order_by(_DELIVERY.c.number).limit(limit))
    return [Delivery(**row._mapping) for row in rows]


def attempts(conn: Connection, code: str, numbers: Collection[int]) -> list[Attempt]:
    """List the attempts of some deliveries, in order."""
    query = sa.select(_ATTEMPT).where(
        _ATTEMPT.c.webhook == code, _ATTEMPT.c.number.in_(list(numbers))
    )
    rows = conn.execute(query.order_by(_ATTEMPT.c.number, _ATTEMPT.c.attempt))
    return [Attempt(**row._mapping) for row in rows]
