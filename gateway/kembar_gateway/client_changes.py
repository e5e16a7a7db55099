"""Routes that change a client: its name, its rights, whether it is enabled, its secret."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Annotated, Any, Final

from fastapi import Query, Request, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field

from kembar_gateway import clients, identity, store
from kembar_gateway.clients import ClientMade, ClientShown, Globs, Name, RateLimit
from kembar_gateway.identity import IssuerDep
from kembar_gateway.registers import RegisterDep
from kembar_gateway.revoking import RevokingDep
from kembar_gateway.settings import NowDep
from kembar_gateway.store import EngineDep, KnownClient
from kembar_shared.chassis import audit, caching, idempotency
from kembar_shared.chassis.auth import CallerDep, Router, needs
from kembar_shared.chassis.database import writing
from kembar_shared.chassis.idempotency import IdempotencyKeyDep
from kembar_shared.chassis.problems import Conflict

MOST_OVERLAP_S: Final = 86_400

_NO_STORE: Final = {"Cache-Control": "no-store"}

router = Router(tags=["identity"])


class OwnClient(Conflict):
    """A client is to disable itself, after which nobody might be left to enable it."""

    slug = "own-client"


class ClientChange(BaseModel):
    """What is to be changed of a client; what is not named stays."""

    model_config = ConfigDict(strict=True, extra="forbid")

    name: Name = ""
    disabled: bool = Field(default=False, description="A disabled client can do nothing.")
    stations: Globs | None = Field(default=None, description="Null: no longer narrowed.")
    cooperations: Globs | None = Field(default=None, description="Null: no longer narrowed.")
    rate_limit: RateLimit | None = Field(default=None, description="Null: as the settings say.")


@router.patch("/v1/clients/{client_id}", response_model=ClientShown)
@needs("clients:manage", is_whole=True)
def change_client(
    request: Request,
    engine: EngineDep,
    register: RegisterDep,
    caller: CallerDep,
    revoking: RevokingDep,
    now: NowDep,
    client_id: str,
    change: ClientChange,
) -> Response:
    """Change a client; tokens that say more than it may now do no longer count."""
    with writing(engine) as conn:
        before = clients.find(conn, client_id, lock=True)
        caching.require_match(request, etag_of(before))
        if change.disabled and before.id == caller.client:
            raise OwnClient
        after = _changed(before, change, now=now)
        clients.check_narrowing(register, after.role, after.stations, after.cooperations)
        if after != before:
            store.change_client(conn, after)
            changed = change.model_dump(include=change.model_fields_set)
            audit.append(conn, [audit.Entry(audit.CLIENT, caller.client, after.id, detail=changed)])
    revoking.refresh()
    return caching.json_response(request, clients.show(after))


def etag_of(client: KnownClient) -> str:
    """Return the entity tag of *client* as it is shown."""
    return caching.etag_of(caching.json_bytes(clients.show(client)))


def _changed(before: KnownClient, change: ClientChange, *, now: datetime) -> KnownClient:
    """Return the client as it becomes; whoever loses a right loses the tokens that hold it."""
    named = change.model_dump(include=change.model_fields_set)
    members: dict[str, Any] = {}  # Any: members of several types
    if "name" in named:
        members["name"] = change.name
    for narrowing in ("stations", "cooperations"):
        if narrowing in named:
            globs = named[narrowing]
            members[narrowing] = None if globs is None else tuple(globs)
    if "rate_limit" in named:
        limit = change.rate_limit
        members["rate_burst"] = None if limit is None else limit.burst
        members["rate_per_s"] = None if limit is None else limit.per_s
    if "disabled" in named and change.disabled != (before.disabled_at is not None):
        members["disabled_at"] = now if change.disabled else None
    after = replace(before, **members)
    return identity.revoked(after, now=now) if _loses(before, after) else after


def _loses(before: KnownClient, after: KnownClient) -> bool:
    """Say whether *after* may do less than *before*."""
    return (
        (after.disabled_at is not None and before.disabled_at is None)
        or _is_narrower(before.stations, after.stations)
        or _is_narrower(before.cooperations, after.cooperations)
        or _is_lower(before.rate_burst, after.rate_burst)
        or _is_lower(before.rate_per_s, after.rate_per_s)
    )


def _is_lower(before: float | None, after: float | None) -> bool:
    """Say whether a limit may be lower than before; what the settings say is not known here."""
    if before is None or after is None:
        return before is not after
    return after < before


def _is_narrower(before: Collection[str] | None, after: Collection[str] | None) -> bool:
    if after is None:
        return False
    return before is None or not set(before) <= set(after)


@router.post(
    "/v1/clients/{client_id}/secret",
    status_code=201,
    response_model=ClientMade,
    responses={200: {"model": ClientShown}},
)
@needs("clients:manage", is_whole=True)
def rotate_secret(
    engine: EngineDep,
    issuer: IssuerDep,
    caller: CallerDep,
    revoking: RevokingDep,
    now: NowDep,
    key: IdempotencyKeyDep,
    client_id: str,
    overlap_s: Annotated[
        int,
        Query(ge=0, le=MOST_OVERLAP_S, description="Seconds for which the old secret works on."),
    ] = 0,
) -> JSONResponse:
    """Give a client a new secret; without overlap the old one and its tokens end at once.

    A retry with the same key shows the client again, but not the secret.
    """
    operation = f"POST /v1/clients/{client_id}/secret"
    fingerprint = hashlib.sha256(str(overlap_s).encode()).hexdigest()
    with writing(engine) as conn:
        before = clients.find(conn, client_id, lock=True)
        if key is not None:
            answered = idempotency.recall(conn, caller.client, operation, key, fingerprint)
            if answered is not None:
                again = json.loads(answered.body) | {"replayed": True}
                return JSONResponse(again, headers=_NO_STORE)
        after, secret = identity.rotate(
            issuer, before, overlap=timedelta(seconds=overlap_s), now=now
        )
        store.change_client(conn, after)
        shown = clients.show(after).model_dump(mode="json")
        if key is not None:
            idempotency.remember(
                conn, caller.client, operation, key, fingerprint, 201, json.dumps(shown)
            )
        detail = {"overlap_s": overlap_s}
        audit.append(conn, [audit.Entry(audit.SECRET, caller.client, after.id, detail=detail)])
    revoking.refresh()
    made = shown | {"client_secret": secret}
    return JSONResponse(made, status_code=201, headers=_NO_STORE)
