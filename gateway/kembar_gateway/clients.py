"""Routes of the clients: making them, listing them."""

from __future__ import annotations

import fnmatch
import hashlib
import json
import re
from collections.abc import Collection
from datetime import datetime
from typing import Annotated, Final, Literal

from fastapi import Query, Request, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field

from kembar_gateway import identity, store
from kembar_gateway.identity import NARROWED, ROLES, IssuerDep
from kembar_gateway.register.book import Register
from kembar_gateway.registers import RegisterDep
from kembar_gateway.settings import NowDep
from kembar_gateway.store import EngineDep, KnownClient
from kembar_shared.chassis import audit, caching, idempotency, pages
from kembar_shared.chassis.auth import CallerDep, Router, needs
from kembar_shared.chassis.database import Connection, reading, writing
from kembar_shared.chassis.idempotency import IdempotencyKeyDep
from kembar_shared.chassis.limits import Rate
from kembar_shared.chassis.pages import LimitDep, Page
from kembar_shared.chassis.problems import BadCursor, InvalidRequest, NotFound

_CLIENT_ID = re.compile(r"[A-Za-z0-9._-]{1,100}")
_NO_STORE: Final = {"Cache-Control": "no-store"}
_OPERATION: Final = "POST /v1/clients"

router = Router(tags=["identity"])


class StationsNeeded(InvalidRequest):
    """A client of this role must be narrowed to the stations that are its own; params: `role`."""

    slug = "stations-needed"


class UnknownCooperation(InvalidRequest):
    """A client is to be narrowed to a cooperation that the register does not hold."""

    slug = "unknown-cooperation"


Role = Literal[
    "field-agent",
    "reviewer",
    "operator",
    "planner",
    "partner",
    "overseer",
    "scraper",
    "gateway",
    "admin",
]
Glob = Annotated[str, Field(min_length=1, max_length=100, pattern=r"^[^\x00-\x20]+$")]


Globs = Annotated[list[Glob], Field(min_length=1, max_length=100)]
Name = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$")]


class RateLimit(BaseModel):
    """How often a client may ask each process."""

    model_config = ConfigDict(strict=True, extra="forbid")

    burst: Annotated[int, Field(ge=1, le=1_000_000, description="Requests at once.")]
    per_s: Annotated[float, Field(ge=0.01, le=1_000_000, description="Requests a second.")]


class NewClient(BaseModel):
    """A client to be made."""

    model_config = ConfigDict(strict=True, extra="forbid")

    name: Name
    role: Role
    stations: Globs | None = Field(
        default=None, description="Globs of the station codes it is narrowed to."
    )
    cooperations: Globs | None = Field(
        default=None, description="Globs of the cooperations it is narrowed to."
    )
    rate_limit: RateLimit | None = Field(
        default=None, description="How often it may ask; null: as the settings say."
    )


class ClientShown(BaseModel):
    """A client as it may be shown at any time."""

    client_id: str
    name: str
    role: str
    scopes: list[str]
    stations: list[str] | None
    cooperations: list[str] | None
    rate_limit: RateLimit | None
    disabled: bool = Field(description="It gets no tokens, and those it has do not count.")
    old_secret_until: datetime | None = Field(description="Until then a former secret works too.")
    created_at: datetime
    created_by: str
    replayed: bool = Field(default=False, description="True where an earlier answer is repeated.")


class ClientMade(ClientShown):
    """A client just made, with its secret: the only time that the secret is shown."""

    client_secret: str


@router.post(
    "/v1/clients",
    status_code=201,
    response_model=ClientMade,
    responses={
        200: {"model": ClientShown},
        201: {"links": pages.links({"show_client": "client_id"}, "client_id")},
    },
)
@needs("clients:manage", is_whole=True)
def create_client(
    wanted: NewClient,
    engine: EngineDep,
    issuer: IssuerDep,
    register: RegisterDep,
    caller: CallerDep,
    now: NowDep,
    key: IdempotencyKeyDep,
) -> JSONResponse:
    """Make a client; a retry with the same key shows it again, but without its secret."""
    check_narrowing(register, wanted.role, wanted.stations, wanted.cooperations)
    client, secret = identity.new_client(
        issuer,
        name=wanted.name,
        role=wanted.role,
        stations=None if wanted.stations is None else tuple(wanted.stations),
        cooperations=None if wanted.cooperations is None else tuple(wanted.cooperations),
        rate=None if wanted.rate_limit is None else Rate(**wanted.rate_limit.model_dump()),
        created_by=caller.client,
        now=now,
    )
    shown = show(client).model_dump(mode="json")
    fingerprint = hashlib.sha256(wanted.model_dump_json().encode()).hexdigest()
    with writing(engine) as conn:
        if key is not None:
            before = idempotency.recall(conn, caller.client, _OPERATION, key, fingerprint)
            if before is not None:
                again = json.loads(before.body) | {"replayed": True}
                return JSONResponse(again, headers=_NO_STORE)
            idempotency.remember(
                conn,
                caller.client,
                _OPERATION,
                key,
                fingerprint,
                status=201,
                body=json.dumps(shown),
            )
        store.add_client(conn, client)
        audit.append(conn, [identity.told(client)])
    made = shown | {"client_secret": secret}
    return JSONResponse(made, status_code=201, headers=_NO_STORE)


def check_narrowing(
    register: Register,
    role: str,
    stations: Collection[str] | None,
    cooperations: Collection[str] | None,
) -> None:
    """Let a client be narrowed only in a way that means something.

    Raises:
        StationsNeeded: The role is narrowed to stations, and none are named.
        UnknownCooperation: A glob matches no cooperation.
    """
    if role in NARROWED and stations is None:
        raise StationsNeeded(role=role)
    known = list(register.cooperations)
    if not all(fnmatch.filter(known, glob) for glob in cooperations or ()):
        raise UnknownCooperation


@router.get("/v1/clients", response_model=Page[ClientShown])
@needs("clients:manage", is_whole=True)
def list_clients(
    request: Request,
    engine: EngineDep,
    limit: LimitDep,
    cursor: Annotated[str | None, Query(max_length=1000)] = None,
) -> Response:
    """List the clients; secrets are never shown."""
    after = "" if cursor is None else pages.decode_cursor(cursor).get("after")
    if not isinstance(after, str) or "\0" in after:
        raise BadCursor
    with reading(engine) as conn:
        found = store.list_clients(conn, after=after, limit=limit + 1)
    items = [show(client) for client in found[:limit]]
    is_last = len(found) <= limit
    following = None if is_last else pages.encode_cursor({"after": items[-1].client_id})
    return caching.json_response(request, pages.page(items, following))


@router.get("/v1/clients/{client_id}", response_model=ClientShown)
@needs("clients:manage", is_whole=True)
def show_client(request: Request, engine: EngineDep, client_id: str) -> Response:
    """Show one client; its secret is never shown."""
    with reading(engine) as conn:
        known = find(conn, client_id)
    return caching.json_response(request, show(known))


def find(conn: Connection, client_id: str, *, lock: bool = False) -> KnownClient:
    """Return the client named *client_id*; see `store.find_client`.

    Raises:
        NotFound: There is none.
    """
    known = None
    if _CLIENT_ID.fullmatch(client_id):
        known = store.find_client(conn, client_id, lock=lock)
    if known is None:
        raise NotFound
    return known


def show(client: KnownClient) -> ClientShown:
    """Return *client* as it may be shown."""
    rate = identity.rate_of(client)
    return ClientShown(
        client_id=client.id,
        name=client.name,
        role=client.role,
        scopes=list(ROLES[client.role]),
        stations=None if client.stations is None else list(client.stations),
        cooperations=None if client.cooperations is None else list(client.cooperations),
        rate_limit=None if rate is None else RateLimit(burst=rate.burst, per_s=rate.per_s),
        disabled=client.disabled_at is not None,
        old_secret_until=client.old_secret_until,
        created_at=client.created_at,
        created_by=client.created_by,
    )
