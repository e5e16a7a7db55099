"""Stations: registered by operators, read by everybody with a token."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Annotated, Any, Final, Literal

from fastapi import Depends, Request, Response
from fastapi.responses import JSONResponse
from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from kembar_shared.chassis import audit, idempotency
from kembar_shared.chassis.auth import CallerDep, Router, any_token, needs
from kembar_shared.chassis.caching import etag_of, json_bytes, json_response, require_match
from kembar_shared.chassis.database import Connection, reading, writing
from kembar_shared.chassis.idempotency import IdempotencyKeyDep
from kembar_shared.chassis.pages import LimitDep, decode_cursor, encode_cursor, links, page
from kembar_shared.chassis.problems import BadCursor, NotFound
from kembar_shared.measurement import store
from kembar_shared.measurement.problems import StationExists, StationNotYours
from kembar_shared.measurement.routes.needed import (
    PLAIN,
    ZONES,
    CursorDep,
    EngineDep,
    known_queries,
)

router = Router(prefix="/v1", tags=["stations"], dependencies=[Depends(known_queries)])
_CREATE: Final = "POST /v1/stations"
_MADE: Final[dict[int | str, dict[str, Any]]] = {
    201: {"links": links({"read_station": "code", "change_station": "code"}, "code")},
    200: {"description": "The first answer again", "content": {"application/json": {}}},
    409: {},
}


def _zone(name: str) -> str:
    if name not in ZONES:
        raise ValueError("not an IANA time zone")
    return name


Text = Annotated[str, Field(max_length=500, pattern=PLAIN)]


class _Strict(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid", allow_inf_nan=False)


class StationChange(_Strict):
    """What may be changed of a station; absent members stay, and only two may be emptied."""

    # Never used: only what was sent is changed. Unlike None they let no null pass.
    name: Text = Field(default_factory=str)
    kind: Text = Field(default_factory=str)
    latitude: Annotated[float, Field(ge=-90, le=90)] = Field(default_factory=float)
    longitude: Annotated[float, Field(ge=-180, le=180)] = Field(default_factory=float)
    altitude_m: Annotated[float, Field(ge=-500, le=9000)] | None = None
    jurisdiction: Text = Field(default_factory=str)
    water_class: Annotated[str, Field(pattern="^(I|II|III|IV)$")] | None = None
    note: Text = Field(default_factory=str)


class NewStation(_Strict):
    """A station to be registered; the zone cannot be changed later, the days depend on it."""

    code: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]
    name: Text
    kind: Text
    latitude: Annotated[float, Field(ge=-90, le=90)]
    longitude: Annotated[float, Field(ge=-180, le=180)]
    timezone: Annotated[
        str, Field(pattern=r"^[A-Za-z]", examples=["Asia/Jakarta"]), AfterValidator(_zone)
    ]
    origin: Literal["real", "stand-in", "synthetic"]
    altitude_m: Annotated[float, Field(ge=-500, le=9000)] | None = None
    jurisdiction: Text = ""
    water_class: Annotated[str, Field(pattern="^(I|II|III|IV)$")] | None = None
    note: Text = ""


@router.get("/stations")
@any_token
def list_stations(
    request: Request,
    engine: EngineDep,
    caller: CallerDep,
    limit: LimitDep,
    cursor: CursorDep = None,
) -> Response:
    """Answer the stations the caller may know of, by code."""
    after = "" if cursor is None else decode_cursor(cursor).get("c")
    if not isinstance(after, str):
        raise BadCursor
    with reading(engine) as conn:
        rows = store.stations.read(conn, after=after)
    seen = [_answer(row) for row in rows if caller.sees(row["code"])]
    following = encode_cursor({"c": seen[limit - 1]["code"]}) if len(seen) > limit else None
    return json_response(request, page(seen[:limit], following))


@router.get("/stations/{code}")
@any_token
def read_station(request: Request, engine: EngineDep, caller: CallerDep, code: str) -> Response:
    """Answer one station."""
    return json_response(request, _answer(_known(engine, caller, code)))


@router.post("/stations", status_code=201, responses=_MADE)
@needs("stations:write")
def create_station(
    engine: EngineDep, caller: CallerDep, key: IdempotencyKeyDep, station: NewStation
) -> Response:
    """Register a station; sent again under its key it is answered as the first time."""
    values = station.model_dump()
    if not caller.sees(station.code):
        raise StationNotYours(station=station.code)
    fingerprint = etag_of(json_bytes(values))
    with writing(engine) as conn:
        if key is not None:
            first = idempotency.recall(conn, caller.client, _CREATE, key, fingerprint)
            if first is not None:
                return JSONResponse(json.loads(first.body) | {"replayed": True})
        if not store.stations.add(conn, values | {"version": 1, "changed_at": datetime.now(UTC)}):
            raise StationExists(station=station.code)
        _note(conn, caller, station.code, values)
        made = _answer(store.stations.read_one(conn, station.code))
        if key is not None:
            body = json.dumps(made)
            idempotency.remember(conn, caller.client, _CREATE, key, fingerprint, 201, body)
    return JSONResponse(made, 201, {"Location": f"/v1/stations/{station.code}"})


@router.patch("/stations/{code}", responses={404: {}, 412: {}, 428: {}})
@needs("stations:write")
def change_station(
    request: Request, engine: EngineDep, caller: CallerDep, code: str, change: StationChange
) -> Response:
    """Change a station; `If-Match` names the version the change is based on."""
    known = _known(engine, caller, code)
    require_match(request, etag_of(json_bytes(_answer(known))))
    values = change.model_dump(exclude_unset=True)
    with writing(engine) as conn:
        if not store.stations.change(
            conn, code, known["version"], values | {"changed_at": datetime.now(UTC)}
        ):
            require_match(request, '"changed meanwhile"')
        _note(conn, caller, code, values)
    return json_response(request, _answer(_known(engine, caller, code)))


def _note(conn: Connection, caller: CallerDep, code: str, values: dict[str, Any]) -> None:
    """Record that a station was made or changed; figures are computed anew."""
    event = store.events.begin(conn, store.events.STATION_CHANGED, caller.client)
    store.events.end(conn, event)
    audit.append(conn, [audit.Entry(audit.STATION, caller.client, code, detail={"set": values})])


def _known(engine: EngineDep, caller: CallerDep, code: str) -> Any:
    with reading(engine) as conn:
        row = store.stations.read_one(conn, code)
    if row is None or not caller.sees(code):
        raise NotFound
    return row


def _answer(row: Any) -> dict[str, Any]:
    hidden = {"id", "changed_at"}
    return {name: value for name, value in row.items() if name not in hidden}
