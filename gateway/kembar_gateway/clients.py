"""Routes of the clients: making them, listing them."""

from __future__ import annotations

import fnmatch
import hashlib
import json
import re
from datetime import datetime
from typing import Annotated, Final, Literal

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field

from kembar_gateway import identity, store
from kembar_gateway.identity import NARROWED, ROLES, IssuerDep
from kembar_gateway.register import Register, RegisterDep
from kembar_gateway.settings import NowDep
from kembar_gateway.store import EngineDep, KnownClient
from kembar_shared.chassis import caching, idempotency, pages
from kembar_shared.chassis.auth import CallerDep, needs
from kembar_shared.chassis.database import reading, writing
from kembar_shared.chassis.idempotency import IdempotencyKeyDep
from kembar_shared.chassis.pages import LimitDep, Page
from kembar_shared.chassis.problems import BadCursor, InvalidRequest, NotFound

_CLIENT_ID = re.compile(r"[A-Za-z0-9._-]{1,100}")
_NO_STORE: Final = {"Cache-Control": "no-store"}
_OPERATION: Final = "POST /v1/clients"

router = APIRouter(tags=["identity"])


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


class NewClient(BaseModel):
    """A client to be made."""

    model_config = ConfigDict(strict=True, extra="forbid")

    name: Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$")]
    role: Role
    stations: Annotated[list[Glob], Field(min_length=1, max_length=100)] | None = Field(
        default=None, description="Globs of the station codes it is narrowed to."
    )
    cooperations: Annotated[list[Glob], Field(min_length=1, max_length=100)] | None = Field(
        default=None, description="Globs of the cooperations it is narrowed to."
    )


class ClientShown(BaseModel):
    """A client as it may be shown at any time."""

    client_id: str
    name: str
    role: str
    scopes: list[str]
    stations: list[str] | None
    cooperations: list[str] | None
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
@needs("clients:manage")
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
    _check(wanted, register)
    client, secret = identity.new_client(
        issuer,
        name=wanted.name,
        role=wanted.role,
        stations=None if wanted.stations is None else tuple(wanted.stations),
        cooperations=None if wanted.cooperations is None else tuple(wanted.cooperations),
        created_by=caller.client,
        now=now,
    )
    shown = _show(client).model_dump(mode="json")
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
    made = shown | {"client_secret": secret}
    return JSONResponse(made, status_code=201, headers=_NO_STORE)


def _check(wanted: NewClient, register: Register) -> None:
    if wanted.role in NARROWED and wanted.stations is None:
        raise StationsNeeded(role=wanted.role)
    known = list(register.cooperations)
    if not all(fnmatch.filter(known, glob) for glob in wanted.cooperations or ()):
        raise UnknownCooperation


@router.get("/v1/clients", response_model=Page[ClientShown])
@needs("clients:manage")
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
    items = [_show(client) for client in found[:limit]]
    is_last = len(found) <= limit
    following = None if is_last else pages.encode_cursor({"after": items[-1].client_id})
    return caching.json_response(request, pages.page(items, following))


@router.get("/v1/clients/{client_id}", response_model=ClientShown)
@needs("clients:manage")
def show_client(request: Request, engine: EngineDep, client_id: str) -> Response:
    """Show one client; its secret is never shown."""
    known = None
    if _CLIENT_ID.fullmatch(client_id):
        with reading(engine) as conn:
            known = store.find_client(conn, client_id)
    if known is None:
        raise NotFound
    return caching.json_response(request, _show(known))


def _show(client: KnownClient) -> ClientShown:
    return ClientShown(
        client_id=client.id,
        name=client.name,
        role=client.role,
        scopes=list(ROLES[client.role]),
        stations=None if client.stations is None else list(client.stations),
        cooperations=None if client.cooperations is None else list(client.cooperations),
        created_at=client.created_at,
        created_by=client.created_by,
    )
