"""Lineage: what a figure rests on, down to lines of files, and what rests on a file."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Any, Final

from fastapi import Depends, Query, Request, Response

from kembar_shared.chassis.auth import CallerDep, Router, needs
from kembar_shared.chassis.caching import json_response
from kembar_shared.chassis.database import reading
from kembar_shared.chassis.pages import encode_cursor, page
from kembar_shared.measurement import lineage, store
from kembar_shared.measurement.periods import Period
from kembar_shared.measurement.routes.needed import (
    CursorDep,
    DomainDep,
    EngineDep,
    FiguresDep,
    bad_query,
    known_queries,
    position,
    three_texts,
)
from kembar_shared.measurement.routes.shown import version_answer

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from kembar_shared.measurement.indicators import Domain

router = Router(prefix="/v1", tags=["lineage"], dependencies=[Depends(known_queries)])

_SUMS: Final = (
    "n", "n_below", "n_above", "below_limit", "slots", "covered_min", "mean_total", "below_total",
    "left_out",
)  # fmt: skip

Code = Annotated[str, Query(min_length=1, max_length=100)]
SumsDep = Annotated[int, Query(ge=1, le=500, description="Most sums of one answer.")]


@router.get("/lineage", responses={404: {}})
@needs("indicators:read", "outcomes:read", is_whole=True)
def show_lineage(
    request: Request,
    engine: EngineDep,
    domain: DomainDep,
    figures: FiguresDep,
    caller: CallerDep,
    indicator: Code,
    jurisdiction: Code,
    period: Code,
    limit: SumsDep = 100,
    cursor: CursorDep = None,
) -> Response:
    """Answer a figure, the sums its digest is of, and the measurements that each was summed from.

    Each measurement names its revision, upload and line. Without `measurements:read` it is named by
    those and a digest of the rest.
    """
    _checked(period)
    after = position(cursor, "s", "d", "g") or (0, 0, 0)
    place = (after[0], after[1], after[2])
    figures.renew()
    with reading(engine) as conn:
        key = (jurisdiction, indicator, period)
        figure, found = lineage.below(conn, key, after=place, limit=limit + 1)
    more = None
    if len(found) > limit:
        last, _ = found[limit - 1]
        more = encode_cursor({"s": last["series_id"], "d": last["first_day"], "g": last["grain"]})
    is_open = "measurements:read" in caller.scopes
    items = [_sum(row, rows, domain, is_open=is_open) for row, rows in found[:limit]]
    return json_response(request, {"figure": _figure(figure), **page(items, more)})


@router.get("/uploads/{code}/figures", responses={404: {}})
@needs("measurements:read", is_whole=True)
def list_figures_of_upload(
    request: Request,
    engine: EngineDep,
    figures: FiguresDep,
    code: str,
    limit: Annotated[int, Query(ge=1, le=10_000)] = 1000,
    cursor: CursorDep = None,
) -> Response:
    """Answer the figures of the months and years that an upload brought values of."""
    after = three_texts(cursor) or ("", "", "")
    figures.renew()
    with reading(engine) as conn:
        found = lineage.above(conn, code, after=after, limit=limit + 1)
    more = None
    if len(found) > limit:
        names = ("jurisdiction", "indicator", "period")
        more = encode_cursor({"k": [found[limit - 1][name] for name in names]})
    return json_response(request, page([_figure(row) for row in found[:limit]], more))


def _checked(period: str) -> None:
    """Refuse what is no month and no year.

    Raises:
        BadQuery: It is none.
    """
    try:
        Period.parse(period)
    except ValueError as error:
        raise bad_query("period", "2023-01") from error


def _figure(row: Mapping[str, Any]) -> dict[str, Any]:
    return dict(row) | {name: json.loads(row[name]) for name in ("stations", "detail")}


def _sum(
    row: Mapping[str, Any],
    measurements: Sequence[Mapping[str, Any]],
    domain: Domain,
    *,
    is_open: bool,
) -> dict[str, Any]:
    grain = store.indices.GRAINS[row["grain"]]
    day = row["first_day"]
    first = Period.parse(f"{day // 10_000:04}-{day // 100 % 100:02}-{day % 100:02}").first
    return {
        "station": row["station"],
        "parameter": row["parameter"],
        "material": row["material"] or None,
        "source": row["source"] or None,
        "unit": domain.catalogue.by_code[row["parameter"]].unit,
        "origin": row["origin"],
        "grain": grain.value,
        "period": str(Period(first, grain)),
        **{name: row[name] for name in _SUMS},
        "sum": row["total"],
        "min": row["least"],
        "max": row["greatest"],
        "measurements": [_measurement(each, domain, is_open=is_open) for each in measurements],
    }


def _measurement(row: Mapping[str, Any], domain: Domain, *, is_open: bool) -> dict[str, Any]:
    answer = version_answer(row, domain)
    if is_open:
        return answer
    told = {name: answer[name] for name in ("upload", "line", "revision")}
    whole = json.dumps(answer, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return told | {"digest": lineage.digest_of(whole)}
