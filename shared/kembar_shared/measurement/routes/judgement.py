"""Index values, and verdicts of several authorities side by side."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Any, Literal

from fastapi import Depends, Query, Request, Response

from kembar_shared.chassis.auth import CallerDep, Router, needs
from kembar_shared.chassis.caching import json_response
from kembar_shared.chassis.database import reading
from kembar_shared.chassis.pages import LimitDep, decode_cursor, encode_cursor, page
from kembar_shared.chassis.problems import BadCursor
from kembar_shared.measurement import compliance, indexing, rollups, store
from kembar_shared.measurement.periods import Period
from kembar_shared.measurement.routes.needed import (
    CursorDep,
    DomainDep,
    EngineDep,
    FromDep,
    IndicesDep,
    LanguageDep,
    MessagesDep,
    ParametersDep,
    StationsDep,
    ToDep,
    days_asked,
    known_queries,
    position,
    seen_stations,
    three_texts,
)
from kembar_shared.measurement.routes.shown import rfc3339
from kembar_shared.measurement.routes.words import worded
from kembar_shared.measurement.vocabulary import Grain

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import date

    from kembar_shared.chassis.database import Connection
    from kembar_shared.chassis.verifying import Caller
    from kembar_shared.measurement.indicators import Domain

router = Router(prefix="/v1", tags=["judgement"], dependencies=[Depends(known_queries)])

IndexDep = Annotated[str | None, Query(max_length=64, description="Code of an index.")]


@router.get("/indices")
@needs("measurements:read")
def list_indices(
    request: Request,
    engine: EngineDep,
    domain: DomainDep,
    indices: IndicesDep,
    messages: MessagesDep,
    language: LanguageDep,
    caller: CallerDep,
    limit: LimitDep,
    index: IndexDep = None,
    station: StationsDep = None,
    from_: FromDep = None,
    to: ToDep = None,
    cursor: CursorDep = None,
    cadence: Annotated[
        Literal["day", "hour"],
        Query(description="`hour`: of the 24 hours that end at each hour, where there is such."),
    ] = "day",
) -> Response:
    """Answer index values per station and day, with the parameters used and those missing.

    `words` say what the codes mean, in the language of `Accept-Language`: id, ja or en.
    """
    days = days_asked(from_, to)
    if cadence == "hour":
        items, more = _hourly(engine, domain, caller, days, station, index, cursor, limit)
        return json_response(request, page([worded(i, messages, language) for i in items], more))
    after = None if cursor is None else _index_key(cursor)
    indices.renew()
    with reading(engine) as conn:
        found = store.indices.read(
            conn,
            list(seen_stations(conn, caller, station)),
            (rollups.number_of(days[0]), rollups.number_of(days[1])),
            index=index,
            after=after,
            limit=limit + 1,
        )
    more = None
    if len(found) > limit:
        last = found[limit - 1]
        names = ("station_id", "first_day", "index_code", "grain")
        more = encode_cursor({"k": [last[name] for name in names]})
    items = [worded(_shown(row), messages, language) for row in found[:limit]]
    return json_response(request, page(items, more))


@router.get("/compliance")
@needs("measurements:read")
def list_compliance(
    request: Request,
    engine: EngineDep,
    domain: DomainDep,
    indices: IndicesDep,
    messages: MessagesDep,
    language: LanguageDep,
    caller: CallerDep,
    limit: LimitDep,
    standard: Annotated[
        str | None,
        Query(max_length=64, description="Code of a standard, or of an authority: id, jp, who."),
    ] = None,
    station: StationsDep = None,
    parameter: ParametersDep = None,
    from_: FromDep = None,
    to: ToDep = None,
    cursor: CursorDep = None,
) -> Response:
    """Judge each parameter of each station and calendar year by every authority's own rules.

    The verdicts stand beside each other, each with its averaging and how much of the year it
    rests on; `disagreement` names the standards that are met and those that are not. There is no
    common score. `words` say what the codes mean, in the language of `Accept-Language`.
    """
    after = three_texts(cursor) or ("", "", "")
    days = days_asked(from_, to, Grain.YEAR)
    indices.renew()
    with reading(engine) as conn:
        found: list[dict[str, Any]] = []
        for item in _judged(conn, domain, caller, days, station, standard, after[0]):
            key = (item["place"], item["parameter"], item["period"])
            if key <= after or (parameter is not None and item["parameter"] not in parameter):
                continue
            item["verdicts"] = [worded(each, messages, language) for each in item["verdicts"]]
            found.append(item)
            if len(found) > limit:
                break
    more = None
    if len(found) > limit:
        names = ("place", "parameter", "period")
        more = encode_cursor({"k": [found[limit - 1][name] for name in names]})
    return json_response(request, page(found[:limit], more))


def _judged(
    conn: Connection,
    domain: Domain,
    caller: Caller,
    days: tuple[date, date],
    asked: list[str] | None,
    standard: str | None,
    first: str,
) -> Iterator[dict[str, Any]]:
    """Yield the verdicts that *caller* may see, from the place *first* on."""
    seen = seen_stations(conn, caller, asked)
    if domain.judged_by == "station":
        stations = [code for code in seen if code >= first]
        yield from compliance.judged(conn, domain, stations, days, standard=standard)
        return
    # What is said of a jurisdiction is said of all its stations: who may not see one of them
    # would be told something about it.
    of_all = {row["code"]: row["jurisdiction"] for row in store.stations.read(conn)}
    wanted = {of_all[code] for code in seen}
    whole = sorted(code for code, jurisdiction in of_all.items() if jurisdiction in wanted)
    for item in compliance.judged(conn, domain, whole, days, standard=standard):
        if all(caller.sees(code) for code in item["stations"]):
            yield item


def _hourly(
    engine: EngineDep,
    domain: Domain,
    caller: Caller,
    days: tuple[date, date],
    asked: list[str] | None,
    index: str | None,
    cursor: str | None,
    limit: int,
) -> tuple[list[dict[str, Any]], str | None]:
    """Return the index of each hour, of one station after the other, and the next cursor."""
    station_id, time_us = position(cursor, "s", "t") or (0, 0)
    with reading(engine) as conn:
        origins = seen_stations(conn, caller, asked)
        found = indexing.hourly(
            conn,
            domain,
            list(origins),
            days,
            index=index,
            after=(station_id, time_us),
            limit=limit + 1,
        )
    more = None
    if len(found) > limit:
        last = found[limit - 1]
        more = encode_cursor({"s": last["station_id"], "t": last["time_us"]})
    items = [
        {name: value for name, value in row.items() if name not in {"station_id", "time_us"}}
        | {
            "time": rfc3339(row["time"]),
            "detail": json.loads(row["detail"]),
            "origin": origins[row["station"]],
        }
        for row in found[:limit]
    ]
    return items, more


def _shown(row: Mapping[str, Any]) -> dict[str, Any]:
    day = row["first_day"]
    grain = store.indices.GRAINS[row["grain"]]
    first = f"{day // 10_000:04}-{day // 100 % 100:02}-{day % 100:02}"
    period = Period(Period.parse(first).first, grain)
    names = ("value", "unit", "category", "state", "method", "parameters", "missing", "critical",
             "detail", "digest", "origin")  # fmt: skip
    return {
        "station": row["station"],
        "index": row["index_code"],
        "period": str(period),
        **{name: row[name] for name in names},
    }


def _index_key(cursor: str) -> tuple[int, int, str, int]:
    key = decode_cursor(cursor).get("k")
    if not isinstance(key, list) or [type(part) for part in key] != [int, int, str, int]:
        raise BadCursor
    if any(abs(part) >= 2**31 for part in (key[0], key[1], key[3])) or len(key[2]) > 64:
        raise BadCursor
    return key[0], key[1], key[2], key[3]
