"""Which cooperation a request means, as it was when: the questions all register routes share."""

from __future__ import annotations

import re
from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

from fastapi import Query

from kembar_shared.chassis.problems import BadQuery, Conflict, NotFound

if TYPE_CHECKING:
    from kembar_gateway.register.book import Register
    from kembar_shared.chassis.verifying import Caller

CooperationQuery = Annotated[
    str | None, Query(max_length=100, description="Code of the only cooperation meant.")
]
AsOfQuery = Annotated[
    str | None,
    Query(
        max_length=40,
        description="As the register was at this instant; with offset.",
        json_schema_extra={"format": "date-time"},
    ),
]

_INSTANT = re.compile(
    r"\d{4}-\d{2}-\d{2}[Tt]\d{2}:\d{2}:\d{2}(\.\d{1,9})?([Zz]|[+-]\d{2}:\d{2})", re.ASCII
)


class SeveralCooperations(Conflict):
    """More than one of the caller's cooperations may be meant: one must be named."""

    slug = "several-cooperations"


def joined(register: Register, caller: Caller, asked: str | None) -> list[str]:
    """Return the cooperations meant.

    Raises:
        NotFound: The caller may not know of the one that is named, or nobody does.
    """
    codes = [cooperation.code for cooperation in register.joined_by(caller)]
    if asked is None:
        return codes
    if asked not in codes:
        raise NotFound
    return [asked]


def only(register: Register, caller: Caller, asked: str | None) -> str:
    """Return the one cooperation meant.

    Raises:
        NotFound: See `joined`; or the caller may know of none.
        SeveralCooperations: None is named, and the caller may know of several.
    """
    codes = joined(register, caller, asked)
    if not codes:
        raise NotFound
    if len(codes) > 1:
        raise SeveralCooperations
    return codes[0]


def instant(as_of: str | None) -> datetime | None:
    """Return a query's instant in UTC, as the store takes it.

    Raises:
        BadQuery: It is none of RFC 3339's; a number is not taken for seconds.
    """
    if as_of is None:
        return None
    if _INSTANT.fullmatch(as_of) is not None:
        with suppress(ValueError, OverflowError):
            return datetime.fromisoformat(as_of.upper()).astimezone(UTC)
    raise BadQuery(name="as_of")
