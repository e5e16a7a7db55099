"""Routes of the register, the same five for each kind: list, show, versions, make, change."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Final, cast

from fastapi import Path, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field
from starlette.convertors import Convertor, register_url_convertor

from kembar_gateway import asking, entering, entries
from kembar_gateway.asking import AsOfQuery, CooperationQuery
from kembar_gateway.entering import Desk, Made, Wanted
from kembar_gateway.entries import Version
from kembar_gateway.register.book import Entered
from kembar_gateway.register.kinds import KINDS, Filed, Kind
from kembar_gateway.register.parts import Line, Part
from kembar_gateway.registers import RegistersDep
from kembar_shared.chassis import caching, pages
from kembar_shared.chassis.auth import CallerDep, Router, needs
from kembar_shared.chassis.database import Connection, reading
from kembar_shared.chassis.idempotency import IdempotencyKeyDep
from kembar_shared.chassis.pages import LimitDep, Page
from kembar_shared.chassis.problems import (
    BadCursor,
    BadQuery,
)

_GREATEST: Final = 2**63 - 1
_PAGING: Final = ("cooperation", "as_of", "cursor", "limit")


class EntryShown(BaseModel):
    """An entry: its own members as they were sent, and which version of it this is."""

    model_config = ConfigDict(extra="allow")

    code: str
    version: int = Field(description="Counts from 1; each change makes the next.")
    changed_at: datetime
    changed_by: str = Field(description="The client, or `profile` for the first start's file.")
    reason: str
    digest: str = Field(description="SHA-256 of this version; the entity tag begins it.")


class VersionShown(EntryShown):
    """A version of an entry, and until when it was in force."""

    valid_to: datetime | None


class EntryMade(EntryShown):
    """An entry as it was made."""

    replayed: bool = Field(default=False, description="True where an earlier answer is repeated.")
    dry_run: bool = Field(default=False, description="True where nothing was stored.")


class EntryChanged(EntryShown):
    """An entry as a change leaves it."""

    dry_run: bool = Field(default=False, description="True where nothing was stored.")


class Change(BaseModel):
    """What is to be changed, and why; members that are not named stay, lists are replaced whole."""

    model_config = ConfigDict(strict=True, extra="allow")

    reason: Line


DryRun = Annotated[
    bool, Query(description="Check only: answer what would be stored, or why not, store nothing.")
]
Cursor = Annotated[str | None, Query(max_length=1000)]


class _KindConvertor(Convertor[str]):
    """Lets a part of an address be a kind, and nothing else."""

    regex = "|".join(KINDS)

    def convert(self, value: str) -> str:
        return value

    def to_string(self, value: str) -> str:
        return value


register_url_convertor("kind", _KindConvertor())

KindName = Annotated[
    str, Path(description="A kind of entry.", json_schema_extra={"enum": list(KINDS)})
]

router = Router(tags=["register"])


@router.get("/v1/{kind:kind}/{code}", response_model=EntryShown)
@needs("outcomes:read")
def show_entry(
    request: Request,
    registers: RegistersDep,
    caller: CallerDep,
    kind: KindName,
    code: str,
    cooperation: CooperationQuery = None,
    as_of: AsOfQuery = None,
) -> Response:
    """Show one entry of the register, with the members that were sent when it was made."""
    asked, at = asking.joined(registers.current(), caller, cooperation), asking.instant(as_of)
    with reading(registers.engine) as conn:
        found = entries.find(conn, kind, entering.clean(code), asked, as_of=at)
    return _answer(request, entering.one(found))


@router.get("/v1/{kind:kind}/{code}/versions", response_model=Page[VersionShown])
@needs("outcomes:read")
def list_versions(
    request: Request,
    registers: RegistersDep,
    caller: CallerDep,
    limit: LimitDep,
    kind: KindName,
    code: str,
    cooperation: CooperationQuery = None,
    cursor: Cursor = None,
) -> Response:
    """List every version of one entry, each with who made it and why."""
    asked, after = asking.joined(registers.current(), caller, cooperation), _after(cursor)
    with reading(registers.engine) as conn:
        place = entering.one(entries.find(conn, kind, entering.clean(code), asked)).place
        found = entries.versions(conn, place, after=after, limit=limit + 1)
    items = [{**entering.show(each), "valid_to": each.valid_to} for each in found[:limit]]
    is_last = len(found) <= limit
    following = None if is_last else pages.encode_cursor({"after": found[limit - 1].version})
    return caching.json_response(request, pages.page(items, following))


@router.patch("/v1/{kind:kind}/{code}", response_model=EntryChanged)
@needs("register:write")
def change_entry(
    request: Request,
    registers: RegistersDep,
    caller: CallerDep,
    kind: KindName,
    code: str,
    change: Change,
    cooperation: CooperationQuery = None,
    *,
    dry_run: DryRun = False,
) -> Response:
    """Change one entry: a new version, for the version that If-Match names."""
    asked = asking.joined(registers.current(), caller, cooperation)
    named = change.model_extra or {}
    desk = Desk(request, registers, caller)
    wanted = Wanted(KINDS[kind], entering.clean(code), asked, named, change.reason)
    if dry_run:
        shown = {**entering.show(entering.try_change(desk, wanted)), "dry_run": True}
        return Response(caching.json_bytes(shown), media_type="application/json")
    return _answer(request, entering.change(desk, wanted))


def _add_routes(kind: Kind) -> None:
    """Add the two routes that differ from kind to kind: by what they are filtered, what is sent."""
    path, plural = f"/v1/{kind.name}", kind.name.replace("-", "_")

    @needs("outcomes:read")
    def list_entries(
        request: Request,
        registers: RegistersDep,
        caller: CallerDep,
        limit: LimitDep,
        cooperation: CooperationQuery = None,
        as_of: AsOfQuery = None,
        cursor: Cursor = None,
    ) -> Response:
        asked = asking.joined(registers.current(), caller, cooperation)
        wanted = _filters(kind, request)
        after, at = _after(cursor), asking.instant(as_of)
        with reading(registers.engine) as conn:
            found = _matching(conn, kind, asked, wanted, after, limit + 1, at)
        items = [entering.show(version) for version in found[:limit]]
        is_last = len(found) <= limit
        following = None if is_last else pages.encode_cursor({"after": found[limit - 1].place})
        return caching.json_response(request, pages.page(items, following))

    @needs("register:write")
    def create_entry(
        request: Request,
        registers: RegistersDep,
        caller: CallerDep,
        key: IdempotencyKeyDep,
        sent: Part,
        *,
        dry_run: DryRun = False,
    ) -> Response:
        filed = cast("Filed", sent)
        desk = Desk(request, registers, caller)
        entered = Entered(kind.name, filed.cooperation, filed.code, sent)
        if dry_run:
            return _made(entering.try_create(desk, entered))
        return _made(entering.create(desk, entered, key))

    # What is sent differs from kind to kind, which no annotation in the source can say.
    create_entry.__annotations__["sent"] = kind.model
    one = kind.singular.replace("_", " ")
    list_entries.__doc__ = f"List the {kind.name.replace('-', ' ')} of the caller's cooperations."
    create_entry.__doc__ = f"Enter a new {one}; a retry with the same key enters nothing twice."
    add = router.add_api_route
    add(path, list_entries, name=f"list_{plural}", response_model=Page[EntryShown],
        openapi_extra={"parameters": _filter_parameters(kind)})  # fmt: skip
    add(path, create_entry, methods=["POST"], name=f"create_{kind.singular}", status_code=201,
        response_model=EntryMade, responses={200: {"model": EntryMade}})  # fmt: skip


def _filters(kind: Kind, request: Request) -> dict[str, str]:
    """Return what the list is filtered by.

    Raises:
        BadQuery: Its kind offers no such filter: a misspelt one would answer everything.
    """
    unknown = [name for name in request.query_params if name not in {*_PAGING, *kind.filters}]
    if unknown:
        raise BadQuery(name=unknown[0][:100])
    found = {name: request.query_params.get(name) for name in kind.filters}
    if too_long := [name for name, value in found.items() if len(value or "") > 200]:
        raise BadQuery(name=too_long[0])
    return {name: value for name, value in found.items() if value is not None}


def _filter_parameters(kind: Kind) -> list[dict[str, Any]]:
    schema = {"type": "string", "maxLength": 200}
    return [{"name": name, "in": "query", "schema": schema} for name in kind.filters]


def _after(cursor: str | None) -> int:
    after = 0 if cursor is None else pages.decode_cursor(cursor).get("after")
    if type(after) is not int or not 0 <= after <= _GREATEST:
        raise BadCursor
    return after


def _matching(
    conn: Connection,
    kind: Kind,
    cooperations: Sequence[str],
    wanted: dict[str, str],
    after: int,
    limit: int,
    at: datetime | None,
) -> list[Version]:
    """Return the first entries that pass the filters, page by page of what is stored."""
    found: list[Version] = []
    while len(found) < limit:
        page = entries.listed(conn, kind.name, cooperations, after=after, limit=limit, as_of=at)
        found += (version for version in page if _passes(kind, version, wanted))
        if len(page) < limit:
            break
        after = page[-1].place
    return found[:limit]


def _passes(kind: Kind, version: Version, wanted: dict[str, str]) -> bool:
    body = version.members if wanted else {}
    return all(value in kind.filters[name](body) for name, value in wanted.items())


def _answer(request: Request, version: Version) -> Response:
    content = caching.json_bytes(entering.show(version))
    return caching.conditional(
        request, entering.etag(version), lambda: Response(content, media_type="application/json")
    )


def _made(made: Made) -> Response:
    headers, status, version = {}, 200, made.version
    if version is not None:
        where = f"/v1/{version.kind}/{version.code}?cooperation={version.cooperation}"
        headers, status = {"ETag": entering.etag(version), "Location": where}, 201
    content = caching.json_bytes(made.shown)
    return Response(content, status, headers, media_type="application/json")


for _kind in KINDS.values():
    _add_routes(_kind)
