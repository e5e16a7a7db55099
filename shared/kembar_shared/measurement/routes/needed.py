"""What the kernel's routes are handed: the database, the domain, the selection of the caller."""

from __future__ import annotations

import re
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Any, TypedDict
from zoneinfo import available_timezones

from fastapi import Depends, Query, Request
from pydantic import WithJsonSchema

from kembar_shared.chassis.database import Connection, Engine
from kembar_shared.chassis.messages import Messages, language_of
from kembar_shared.chassis.pages import decode_cursor
from kembar_shared.chassis.problems import BadCursor, BadQuery
from kembar_shared.chassis.verifying import Caller
from kembar_shared.measurement import store
from kembar_shared.measurement.indexing import Indices
from kembar_shared.measurement.indicators import Domain
from kembar_shared.measurement.periods import Period, us_of_instant
from kembar_shared.measurement.renewal import Figures
from kembar_shared.measurement.vocabulary import Grain

PLAIN = r"^[^\x00-\x1f]*$"
"""Text without control characters."""

_FIRST_DAY, _LAST_DAY = date(1949, 1, 1), date(9999, 1, 1)
_INSTANT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}:[0-9]{2}(?:[.][0-9]{1,6})?"
    r"(?:[Zz]|[+-][0-9]{2}:[0-9]{2})"
)
_REPEATED = frozenset({"station", "parameter"})
ZONES = frozenset(available_timezones()) - {"Factory", "localtime"}
"""The zones that every host knows by the same rules."""


async def _engine(request: Request) -> Engine:
    return request.app.state.engine  # type: ignore[no-any-return]  # set by `service.build`


async def _domain(request: Request) -> Domain:
    return request.app.state.domain  # type: ignore[no-any-return]  # set by `service.build`


async def _figures(request: Request) -> Figures:
    return request.app.state.figures  # type: ignore[no-any-return]  # set by `service.build`


async def _indices(request: Request) -> Indices:
    return request.app.state.indices  # type: ignore[no-any-return]  # set by `service.build`


async def _messages(request: Request) -> Messages:
    return request.app.state.messages  # type: ignore[no-any-return]  # set by the chassis


async def _language(request: Request) -> str:
    return language_of(request.headers.get("Accept-Language"))


EngineDep = Annotated[Engine, Depends(_engine)]
DomainDep = Annotated[Domain, Depends(_domain)]
FiguresDep = Annotated[Figures, Depends(_figures)]
IndicesDep = Annotated[Indices, Depends(_indices)]
MessagesDep = Annotated[Messages, Depends(_messages)]
LanguageDep = Annotated[str, Depends(_language)]
CursorDep = Annotated[str | None, Query(max_length=500, description="`next` of the last page.")]
_CODES = WithJsonSchema({"type": "array", "items": {"type": "string"}})
StationsDep = Annotated[
    list[str] | None, _CODES, Query(alias="station", description="Station codes.")
]
ParametersDep = Annotated[
    list[str] | None, _CODES, Query(alias="parameter", description="Parameter codes.")
]
_END = (
    "a day, month or year of each station's own calendar, which begins at its local midnight, or "
    "an instant with offset."
)
FromDep = Annotated[
    str | None, Query(alias="from", max_length=40, description=f"Inclusive; {_END}")
]
ToDep = Annotated[str | None, Query(alias="to", max_length=40, description=f"Exclusive; {_END}")]


def seen_stations(conn: Connection, caller: Caller, asked: list[str] | None) -> dict[str, str]:
    """Return the origin of each station asked for that *caller* may see, by code, in order."""
    known = {row["code"]: row["origin"] for row in store.stations.read(conn)}
    seen = (c for c in known if caller.sees(c) and (asked is None or c in asked))
    return {code: known[code] for code in sorted(seen)}


def own_stations(
    conn: Connection, caller: Caller, asked: list[str] | None
) -> tuple[str, ...] | None:
    """Return the codes of the stations asked for that *caller* may see; None for all."""
    if caller.stations is None:
        return None if asked is None else tuple(asked)
    return tuple(seen_stations(conn, caller, asked))


class Ends(TypedDict, total=False):
    """Between what a selection's measurements lie."""

    from_us: int
    from_day: date
    to_us: int
    to_day: date


def ends(from_: str | None, to: str | None) -> Ends:
    """Read where a query begins and ends: local days or instants with offset.

    Raises:
        BadQuery: One of them is neither.
    """
    found = Ends()
    if from_ is not None:
        first = _day_or_us(from_, "from")
        found |= {"from_us": first} if isinstance(first, int) else {"from_day": first}
    if to is not None:
        following = _day_or_us(to, "to")
        found |= {"to_us": following} if isinstance(following, int) else {"to_day": following}
    return found


def _day_or_us(text: str, name: str) -> date | int:
    try:
        if len(text) <= len("2023-01-01"):
            return min(max(Period.parse(text).first, _FIRST_DAY), _LAST_DAY)
        return us_of_instant(datetime.fromisoformat(text))
    except (ValueError, OverflowError, TypeError) as error:  # TypeError: it has no offset
        raise bad_query(name, "2023-01-31T00:00:00Z") from error


def instant(text: str, name: str) -> datetime:
    """Return a query's instant of RFC 3339, in UTC.

    Raises:
        BadQuery: It is none; a number is not taken for seconds.
    """
    if _INSTANT.fullmatch(text) is not None:
        with suppress(ValueError, OverflowError):
            return datetime.fromisoformat(text.upper()).astimezone(UTC)
    raise bad_query(name, "2023-01-31T00:00:00Z")


def days_asked(from_: str | None, to: str | None, grain: Grain = Grain.DAY) -> tuple[date, date]:
    """Read a query's period of local days; each end may be a day, a month or a year.

    It is widened to whole periods of length *grain*: half a month has no month's mean.

    Raises:
        BadQuery: It is none of them.
    """
    ends = []
    for name, text, default in (("from", from_, "1949"), ("to", to, "9999")):
        try:
            ends.append(_day_of(text or default))
        except (ValueError, OverflowError) as error:
            raise bad_query(name, "2023-01") from error
    first, following = (min(max(end, _FIRST_DAY), _LAST_DAY) for end in ends)
    whole = Period.of(following - timedelta(days=1), grain)
    return Period.of(first, grain).first, whole.following


def _day_of(text: str) -> date:
    """Return the first day of a day, month or year, or the day that an instant is written with."""
    if len(text) <= len("2023-01-01"):
        return Period.parse(text).first
    return datetime.fromisoformat(text).date()


def bad_query(name: str, expected: str) -> BadQuery:
    """Return the problem of a query parameter that cannot be read."""
    fault = {"place": f"query.{name}", "code": "unreadable", "expected": expected}
    return BadQuery(name=name, errors=[fault])


async def known_queries(request: Request) -> None:
    """Refuse a query parameter that the operation does not have, or that stands there twice.

    A mistyped declaration would else be passed over, and the file read otherwise than meant.

    Raises:
        BadQuery: There is one.
    """
    if not request.scope["query_string"]:
        return
    params = request.scope["route"].dependant
    known = {field.alias for field in _query_fields(params)}
    for name in request.query_params:
        is_repeated = len(request.query_params.getlist(name)) > 1
        if name not in known or (is_repeated and name not in _REPEATED):
            raise bad_query(name[:80], ", ".join(sorted(known)))


def _query_fields(dependant: Any) -> list[Any]:
    found = list(dependant.query_params)
    for inner in dependant.dependencies:
        found += _query_fields(inner)
    return found


def three_texts(cursor: str | None) -> tuple[str, str, str] | None:
    """Return the three texts by which a list is ordered; None without a cursor.

    Raises:
        BadCursor: It is no cursor of such a list.
    """
    if cursor is None:
        return None
    key = decode_cursor(cursor).get("k")
    if not isinstance(key, list) or [type(part) for part in key] != [str] * 3:
        raise BadCursor
    return key[0], key[1], key[2]


def position(cursor: str | None, *names: str) -> tuple[int, ...] | None:
    """Return the whole numbers *names* of a cursor; None without one.

    Raises:
        BadCursor: It is no cursor of this list.
    """
    if cursor is None:
        return None
    keys: dict[str, Any] = decode_cursor(cursor)
    numbers = tuple(keys.get(name) for name in names)
    most = {"t": 2**62}  # instants in microseconds; all else is a number of rows
    for name, number in zip(names, numbers, strict=True):
        if type(number) is not int or abs(number) >= most.get(name, 2**31):
            raise BadCursor
    return numbers  # type: ignore[return-value]  # checked just above
