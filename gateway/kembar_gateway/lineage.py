"""What an outcome was made from: figures, and where each leads down to the lines of files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, cast
from urllib.parse import urlencode

from fastapi import Query, Request, Response
from pydantic import BaseModel, Field

from kembar_gateway import answers, asking, outcomes, partner, shelves
from kembar_gateway.answers import OutcomeShown
from kembar_gateway.asking import AsOfQuery
from kembar_gateway.register.judging import SERVICE
from kembar_gateway.registers import RegisterDep, RegistersDep
from kembar_gateway.settings import NowDep, SettingsDep
from kembar_gateway.store import EngineDep
from kembar_shared.chassis import caching
from kembar_shared.chassis.auth import CallerDep, Router, needs
from kembar_shared.chassis.database import reading
from kembar_shared.chassis.problems import NotFound

if TYPE_CHECKING:
    from kembar_gateway.register.book import Register
    from kembar_gateway.register.parts import Fact
    from kembar_gateway.tallies import Term

router = Router(tags=["outcomes"])


class FigureUsed(BaseModel):
    """A figure as its service last answered it."""

    service: str = Field(description="A service, or `register` for values published by others.")
    indicator: str
    jurisdiction: str
    period: str
    value: float | None
    unit: str
    state: str
    numerator: float | None
    denominator: float | None
    n: int
    expected: float
    coverage: float | None
    origin: str
    method: str
    stations: list[str]
    detail: dict[str, Any]
    digest: str = Field(description="Of the method and of every sum that the figure rests on.")
    lineage: str | None = Field(
        description="Where this address answers the sums, measurements, uploads and lines behind "
        "it; to whoever may not read measurements, their places and digests. None where nothing "
        "was measured: the register itself names the sources."
    )


class EntryUsed(BaseModel):
    """An entry of the register, and what it adds to an outcome of the cooperation itself."""

    kind: str
    code: str
    version: int
    digest: str = Field(description="Of this version of the entry.")
    numerator: float | None = Field(description="Null where it is not known for this period.")
    denominator: float | None
    side: int | None = Field(description="Whose help it is: the first or the second party's.")
    method: str
    status: str
    sources: list[dict[str, Any]]  # Any: sources as the register shows them
    entry: str = Field(description="Where the entry is answered, and its versions below it.")


class Lineage(BaseModel):
    """An outcome, and the figures, or entries of the register, that it was computed from."""

    outcome: OutcomeShown
    figures: list[FigureUsed]
    entries: list[EntryUsed]


@router.get(
    "/v1/outcomes/{indicator}/lineage", response_model=Lineage, responses={400: {}, 404: {}}
)
@needs("outcomes:read")
def show_lineage(
    request: Request,
    engine: EngineDep,
    registers: RegistersDep,
    register: RegisterDep,
    settings: SettingsDep,
    caller: CallerDep,
    now: NowDep,
    indicator: str,
    period: partner.Period_ = None,
    cooperation: Annotated[str | None, Query(max_length=100)] = None,
    as_of: AsOfQuery = None,
) -> Response:
    """Answer the figures of an outcome, each with the way down to the measurements behind it.

    Of an outcome of the cooperation itself these are the entries of the register.

    The way up begins at an upload: `/{service}/v1/uploads/{code}/figures`.
    """
    asked, at = partner.period_asked(period), asking.instant(as_of)
    found: list[Lineage] = []
    with reading(engine) as conn:
        if at is not None:
            register = registers.as_of(conn, at)
        for code in partner.cooperations_asked(register, caller, cooperation):
            shelf = shelves.read(
                conn,
                register,
                code,
                now=now,
                stale_after_s=settings.stale_after_s,
                as_of=at,
            )
            for each in register.indicators_of(code):
                if each.code != indicator:
                    continue
                of = asked or shelf.last_twelve
                (outcome,) = answers.shown(shelf, of, each.code)
                used = outcomes.used(each, shelf.figures.get(each.code, ()), of)
                figures = [_shown(figure.model_dump(mode="json"), each.service) for figure in used]
                terms = shelf.terms(each, of) if each.is_reckoned else ()
                entries = [_entry(register, code, term) for term in terms]
                found.append(Lineage(outcome=outcome, figures=figures, entries=entries))
    if len(found) != 1:
        # Of several cooperations that have it, one has to be asked for.
        raise NotFound
    answer = found[0].model_dump(mode="json")
    lasting = answer | {"outcome": answers.without_age(answer["outcome"])}
    etag = caching.etag_of(caching.json_bytes(lasting))
    body = caching.json_bytes(answer)
    return caching.conditional(request, etag, lambda: Response(body, media_type="application/json"))


def _entry(register: Register, cooperation: str, term: Term) -> EntryUsed:
    kind, _, code = term.entry.partition("/")
    (entered,) = (e for e in register.entered_of(cooperation, kind) if e.code == code)
    fact = cast("Fact", entered.part)
    return EntryUsed(
        kind=kind,
        code=code,
        version=entered.version,
        digest=term.digest,
        numerator=term.numerator,
        denominator=term.denominator,
        side=term.side,
        method=term.method,
        status=fact.status,
        sources=[source.model_dump() for source in fact.sources],
        entry=f"/v1/{kind}/{code}?{urlencode({'cooperation': cooperation})}",
    )


def _shown(figure: dict[str, Any], service: str) -> FigureUsed:
    way = None
    if service != SERVICE:
        key = {name: figure[name] for name in ("indicator", "jurisdiction", "period")}
        way = f"/{service}/v1/lineage?{urlencode(key)}"
    return FigureUsed(service=service, lineage=way, **figure)
