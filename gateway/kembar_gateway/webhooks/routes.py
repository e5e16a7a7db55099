"""Routes of webhooks: registering, disabling, their log, and sending again."""

from __future__ import annotations

import secrets
from datetime import datetime
from typing import Annotated, Any

from fastapi import Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from kembar_gateway import feed
from kembar_gateway.register.book import Register
from kembar_gateway.registers import RegisterDep
from kembar_gateway.settings import NowDep, SettingsDep
from kembar_gateway.store import EngineDep
from kembar_gateway.webhooks import sending, store
from kembar_gateway.webhooks.store import Hook
from kembar_shared.chassis import audit, caching, pages
from kembar_shared.chassis.auth import CallerDep, Router, needs
from kembar_shared.chassis.database import Connection, reading, writing
from kembar_shared.chassis.pages import LimitDep, Page
from kembar_shared.chassis.problems import BadCursor, InvalidRequest, NotFound
from kembar_shared.chassis.verifying import Caller

router = Router(prefix="/v1/webhooks", tags=["webhooks"])


class WebhookRefused(InvalidRequest):
    """A webhook may not go to this address."""

    slug = "webhook-refused"


class NewWebhook(BaseModel):
    """Where to tell of a cooperation's changes."""

    model_config = ConfigDict(strict=True, extra="forbid")

    cooperation: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._-]{0,63}$")]
    url: Annotated[str, Field(max_length=500, pattern=r"^https?://[\x21-\x7e]+$")]
    from_beginning: bool = Field(default=False, description="Tell what changed so far as well.")


class WebhookChange(BaseModel):
    """What is to be changed of a webhook."""

    model_config = ConfigDict(strict=True, extra="forbid")

    disabled: bool


class Replay(BaseModel):
    """Which deliveries are sent again."""

    model_config = ConfigDict(strict=True, extra="forbid")

    since: Annotated[int, Field(ge=1, lt=2**31, description="Number of the first one.")]


class WebhookShown(BaseModel):
    """A webhook; while it fails it is tried again after ever longer pauses, up to an hour."""

    code: str
    cooperation: str
    url: str
    disabled: bool
    failures: int = Field(description="Failures one after another, until now.")
    next_attempt_at: datetime | None
    created_at: datetime
    created_by: str


class Webhooks(BaseModel):
    """All webhooks that the caller may know of."""

    items: list[WebhookShown]
    next: None = None


class AttemptShown(BaseModel):
    """One attempt: the receiver's status, or why there is none."""

    attempt: int
    at: datetime
    status: int | None
    reason: str | None


class DeliveryShown(BaseModel):
    """What was or will be sent, and every attempt."""

    number: int
    body: str
    created_at: datetime
    delivered_at: datetime | None
    attempts: list[AttemptShown]


class Replayed(BaseModel):
    """How many deliveries will be sent again."""

    deliveries: int


@router.post("", status_code=201, response_model=WebhookShown)
@needs("clients:manage")
def register_webhook(
    engine: EngineDep,
    register: RegisterDep,
    settings: SettingsDep,
    caller: CallerDep,
    now: NowDep,
    wanted: NewWebhook,
) -> Response:
    """Register a webhook; hosts that the operator has not named are refused."""
    if wanted.cooperation not in _joined(register, caller):
        raise NotFound
    if not sending.is_allowed(wanted.url, settings.webhook_hosts):
        raise WebhookRefused
    with writing(engine) as conn:
        cursor = 0 if wanted.from_beginning else feed.newest(conn)
        code = f"hook-{secrets.token_hex(6)}"
        hook = Hook(code, wanted.cooperation, wanted.url, cursor, now, caller.client)
        store.add(conn, hook)
        told = {"webhook": "registered", "cooperation": wanted.cooperation}
        audit.append(conn, [audit.Entry(audit.REPORT, caller.client, code, detail=told)])
    return Response(caching.json_bytes(_show(hook)), 201, media_type="application/json")


@router.get("", response_model=Webhooks)
@needs("clients:manage")
def list_webhooks(
    request: Request, engine: EngineDep, register: RegisterDep, caller: CallerDep
) -> Response:
    """List the webhooks of the caller's cooperations."""
    with reading(engine) as conn:
        found = store.of(conn, _joined(register, caller))
    items = [_show(hook) for hook in found]
    return caching.json_response(request, pages.page(items, None))


@router.patch("/{code}", response_model=WebhookShown)
@needs("clients:manage")
def change_webhook(
    request: Request,
    engine: EngineDep,
    register: RegisterDep,
    caller: CallerDep,
    now: NowDep,
    code: str,
    change: WebhookChange,
) -> Response:
    """Disable or enable a webhook; enabled again, it is told everything it missed."""
    with writing(engine) as conn:
        before = _find(conn, register, caller, code, lock=True)
        caching.require_match(request, caching.etag_of(caching.json_bytes(_show(before))))
        at = (before.disabled_at or now) if change.disabled else None
        store.change(conn, code, disabled_at=at, next_attempt_at=None, failures=0)
        told = {"webhook": "disabled" if change.disabled else "enabled"}
        audit.append(conn, [audit.Entry(audit.REPORT, caller.client, code, detail=told)])
        after = _find(conn, register, caller, code)
    return caching.json_response(request, _show(after))


@router.get("/{code}", response_model=WebhookShown)
@needs("clients:manage")
def show_webhook(
    request: Request, engine: EngineDep, register: RegisterDep, caller: CallerDep, code: str
) -> Response:
    """Show a webhook."""
    with reading(engine) as conn:
        hook = _find(conn, register, caller, code)
    return caching.json_response(request, _show(hook))


@router.get("/{code}/deliveries", response_model=Page[DeliveryShown])
@needs("clients:manage")
def list_deliveries(
    request: Request,
    engine: EngineDep,
    register: RegisterDep,
    caller: CallerDep,
    limit: LimitDep,
    code: str,
    cursor: Annotated[str | None, Query(max_length=1000)] = None,
) -> Response:
    """List what was sent or waits, by number, with every attempt."""
    after = 0 if cursor is None else pages.decode_cursor(cursor).get("after")
    if type(after) is not int or not 0 <= after < 2**31:
        raise BadCursor
    with reading(engine) as conn:
        _find(conn, register, caller, code)
        found = store.deliveries(conn, code, after=after, limit=limit + 1)
        kept = found[:limit]
        tried = store.attempts(conn, code, [each.number for each in kept])
    items = [
        {
            "number": each.number,
            "body": each.body,
            "created_at": each.created_at,
            "delivered_at": each.delivered_at,
            "attempts": [
                {"attempt": a.attempt, "at": a.at, "status": a.status, "reason": a.reason}
                for a in tried
                if a.number == each.number
            ],
        }
        for each in kept
    ]
    is_last = len(found) <= limit
    following = None if is_last else pages.encode_cursor({"after": kept[-1].number})
    return caching.json_response(request, pages.page(items, following))


@router.post("/{code}/replay", response_model=Replayed)
@needs("clients:manage")
def replay_deliveries(
    engine: EngineDep, register: RegisterDep, caller: CallerDep, code: str, wanted: Replay
) -> dict[str, Any]:
    """Send deliveries again, the same bodies in the same order."""
    with writing(engine) as conn:
        _find(conn, register, caller, code, lock=True)
        count = store.send_again(conn, code, since=wanted.since)
        store.change(conn, code, next_attempt_at=None)
        told = {"webhook": "replayed", "since": wanted.since}
        audit.append(conn, [audit.Entry(audit.REPORT, caller.client, code, n=count, detail=told)])
    return {"deliveries": count}


def _find(
    conn: Connection, register: Register, caller: Caller, code: str, *, lock: bool = False
) -> Hook:
    hook = None if "\0" in code else store.find(conn, code, lock=lock)
    if hook is None or hook.cooperation not in _joined(register, caller):
        raise NotFound
    return hook


def _joined(register: Register, caller: Caller) -> list[str]:
    return [cooperation.code for cooperation in register.joined_by(caller)]


def _show(hook: Hook) -> dict[str, Any]:
    return {
        "code": hook.code,
        "cooperation": hook.cooperation,
        "url": hook.url,
        "disabled": hook.disabled_at is not None,
        "failures": hook.failures,
        "next_attempt_at": hook.next_attempt_at,
        "created_at": hook.created_at,
        "created_by": hook.created_by,
    }
