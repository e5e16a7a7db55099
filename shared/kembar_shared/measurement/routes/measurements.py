"""Measurements as they are stored, their earlier values, and their sums per local period."""

from __future__ import annotations

from itertools import chain, islice
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

from fastapi import Depends, Header, Query, Request, Response
from fastapi.responses import StreamingResponse

from kembar_shared.chassis.auth import CallerDep, Router, needs
from kembar_shared.chassis.caching import conditional, etag_of, json_response
from kembar_shared.chassis.database import reading
from kembar_shared.chassis.pages import LimitDep, encode_cursor, page
from kembar_shared.measurement import exports, rollups, store
from kembar_shared.measurement.routes.needed import (
    CursorDep,
    DomainDep,
    EngineDep,
    FromDep,
    ParametersDep,
    StationsDep,
    ToDep,
    days_asked,
    ends,
    instant,
    known_queries,
    own_stations,
    position,
)
from kembar_shared.measurement.routes.shown import version_answer
from kembar_shared.measurement.vocabulary import Grain

if TYPE_CHECKING:
    from collections.abc import Iterator

    import polars as pl

router = Router(prefix="/v1", tags=["measurements"], dependencies=[Depends(known_queries)])

_KINDS: Final = {"csv": "text/csv", "parquet": "application/vnd.apache.parquet"}
_FILES: Final[dict[int | str, dict[str, Any]]] = {
    200: {"content": {kind: {"schema": {"type": "string"}} for kind in _KINDS.values()}}
}


@router.get("/measurements", responses=_FILES)
@needs("measurements:read")
def list_measurements(
    request: Request,
    engine: EngineDep,
    domain: DomainDep,
    caller: CallerDep,
    limit: LimitDep,
    station: StationsDep = None,
    parameter: ParametersDep = None,
    material: str | None = None,
    source: str | None = None,
    from_: FromDep = None,
    to: ToDep = None,
    as_of: Annotated[
        str | None,
        Query(
            max_length=40,
            description="Answer what was known then; with offset.",
            json_schema_extra={"format": "date-time"},
        ),
    ] = None,
    flag: Annotated[int | None, Query(ge=1, le=9)] = None,
    cursor: CursorDep = None,
    format: Annotated[  # noqa: A002  the API's word
        Literal["json", "csv", "parquet"] | None,
        Query(description="A page of JSON, or all that is asked for as a file."),
    ] = None,
    accept: Annotated[str, Header(include_in_schema=False)] = "",
) -> Response:
    """Answer measurements by station, parameter and time; raw values are never changed."""
    known_at = None if as_of is None else instant(as_of, "as_of")
    after = position(cursor, "s", "t")
    kind: str = format or next((name for name, kind in _KINDS.items() if kind in accept), "json")
    with reading(engine) as conn:
        selection = store.Selection(
            stations=own_stations(conn, caller, station),
            parameters=None if parameter is None else tuple(parameter),
            material=material,
            source=source,
            flag=flag,
            **ends(from_, to),
        )
        if kind != "json":
            seq, recorded_at = store.events.newest(conn)
            asked = repr((kind, selection, known_at))
            found = exports.parts(
                engine, domain.catalogue, selection, as_of=known_at or recorded_at
            )
            return conditional(request, etag_of(str(seq), asked), lambda: _file(kind, found))
        rows = store.reading.measurements(
            conn,
            selection,
            after=None if after is None else (after[0], after[1]),
            limit=limit + 1,
            as_of=known_at,
        )
    return json_response(request, _page(rows, limit, domain))


@router.get("/measurements/latest")
@needs("measurements:read")
def list_latest(
    request: Request,
    engine: EngineDep,
    domain: DomainDep,
    caller: CallerDep,
    limit: LimitDep,
    station: StationsDep = None,
    parameter: ParametersDep = None,
    cursor: CursorDep = None,
) -> Response:
    """Answer the newest measurement of each series that no check failed."""
    after = position(cursor, "s", "t")
    with reading(engine) as conn:
        selection = store.Selection(
            stations=own_stations(conn, caller, station),
            parameters=None if parameter is None else tuple(parameter),
        )
        rows = store.reading.latest(
            conn, selection, after=after[0] if after else 0, limit=limit + 1
        )
    return json_response(request, _page(rows, limit, domain))


@router.get("/rollups")
@needs("measurements:read")
def list_rollups(
    request: Request,
    engine: EngineDep,
    domain: DomainDep,
    caller: CallerDep,
    limit: LimitDep,
    period: Annotated[Literal["day", "month", "year"], Query()] = "day",
    station: StationsDep = None,
    parameter: ParametersDep = None,
    from_: FromDep = None,
    to: ToDep = None,
    cursor: CursorDep = None,
) -> Response:
    """Answer sums and means per local day, month or year, each with its coverage and state."""
    grain = Grain(period)
    after = position(cursor, "s", "b")
    first, following = days_asked(from_, to, grain)
    with reading(engine) as conn:
        rows = store.reading.rollups(
            conn,
            store.Selection(
                stations=own_stations(conn, caller, station),
                parameters=None if parameter is None else tuple(parameter),
            ),
            digits=rollups.DIGITS[grain],
            first_day=rollups.number_of(first),
            end_day=rollups.number_of(following),
            after=None if after is None else (after[0], after[1]),
            # up to three grains of measurement stand behind one answer
            limit=3 * (limit + 1),
        )
    units = {parameter.code: parameter.unit for parameter in domain.catalogue.parameters}
    answers = rollups.summarise(rows, grain, units, domain.standards)
    following_page = None
    if len(answers) > limit:
        (series_id, bucket), _ = answers[limit - 1]
        following_page = encode_cursor({"s": series_id, "b": bucket})
    items = [answer for _, answer in answers[:limit]]
    return json_response(request, page(items, following_page))


def _file(kind: str, found: Iterator[pl.DataFrame]) -> Response:
    """Answer a file as it is read; it is never held as a whole."""
    render = {"csv": exports.csv, "parquet": exports.parquet}[kind]
    # What cannot be read at all is a refusal, and no file that breaks off after its head.
    found = chain(list(islice(found, 1)), found)
    name = f'attachment; filename="measurements.{kind}"'
    return StreamingResponse(
        render(found), media_type=_KINDS[kind], headers={"Content-Disposition": name}
    )


def _page(rows: Any, limit: int, domain: DomainDep) -> dict[str, Any]:
    last = rows[limit - 1] if len(rows) > limit else None
    following = last and encode_cursor({"s": last["series_id"], "t": last["time_us"]})
    return page([version_answer(row, domain) for row in rows[:limit]], following)
