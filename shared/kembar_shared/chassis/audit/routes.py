"""The trail as those may read it who watch over the others; nobody writes here."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Final, Literal

from fastapi import Query, Request, Response
from pydantic import BaseModel, Field

from kembar_shared.chassis.audit import store
from kembar_shared.chassis.audit.chain import ACTIONS, Row
from kembar_shared.chassis.auth import Router, needs
from kembar_shared.chassis.caching import json_response
from kembar_shared.chassis.database import reading
from kembar_shared.chassis.pages import LimitDep, Page, decode_cursor, encode_cursor, page
from kembar_shared.chassis.problems import BadCursor, BadQuery

router = Router(tags=["audit"])

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_QUERIES: Final = frozenset({"cursor", "limit", "from", "to", "client", "action"})


class EntryShown(BaseModel):
    """One entry of the trail."""

    seq: int = Field(description="Its number; there are no gaps.")
    at: datetime = Field(description="When it was written.")
    client: str | None = Field(
        description="Who did it; of `token-refused`, who was claimed to ask."
    )
    action: str
    subject: str = Field(
        description="On what: the code of a receipt, review or station, a client's id, a route."
    )
    result: str = Field(description="`done`, `refused`, or the slug of a problem.")
    count: int = Field(description="Rows of an upload, attempts of a refusal.")
    detail: dict[str, Any]
    request_id: str | None
    hash: str = Field(description="Keyed hash of the entry and of the one before it.")


@router.get("/v1/audit", response_model=Page[EntryShown], responses={400: {}})
@needs("audit:read", is_whole=True)
def list_entries(
    request: Request,
    limit: LimitDep,
    cursor: Annotated[
        str | None, Query(max_length=500, description="`next` of the last page.")
    ] = None,
    from_: Annotated[
        str | None,
        Query(alias="from", max_length=40, description="Inclusive; a UTC day or an instant."),
    ] = None,
    to: Annotated[
        str | None, Query(max_length=40, description="Exclusive; a UTC day or an instant.")
    ] = None,
    client: Annotated[str | None, Query(max_length=300, description="Who did it.")] = None,
    action: Annotated[
        Literal[*ACTIONS] | None,  # type: ignore[valid-type]  # spelled once, in `chain`
        Query(description="What was done."),
    ] = None,
) -> Response:
    """Answer the trail of this process, oldest entry first."""
    unknown = next((name for name in request.query_params if name not in _QUERIES), None)
    if unknown is not None:
        raise _bad_query(unknown[:80], ", ".join(sorted(_QUERIES)))
    if client is not None and not client.isprintable():
        raise _bad_query("client", "a client's id")
    after = 0 if cursor is None else decode_cursor(cursor).get("q")
    if type(after) is not int or not 0 <= after < 2**62:
        raise BadCursor
    with reading(request.app.state.trail.engine) as conn:
        rows = store.read(
            conn,
            after=after,
            limit=limit + 1,
            from_us=_instant_us(from_, "from"),
            to_us=_instant_us(to, "to"),
            client=client,
            action=action,
        )
    following = encode_cursor({"q": rows[limit - 1].seq}) if len(rows) > limit else None
    return json_response(request, page([_shown(row) for row in rows[:limit]], following))


def _shown(row: Row) -> EntryShown:
    return EntryShown(
        seq=row.seq,
        at=_EPOCH + timedelta(microseconds=row.at_us),
        client=row.client,
        action=row.action,
        subject=row.subject,
        result=row.result,
        count=row.n,
        detail=_detail(row.detail),
        request_id=row.request_id,
        hash=row.hash,
    )


def _detail(text: str) -> dict[str, Any]:
    """Return what an entry says more; one that was edited is shown as it is."""
    try:
        told = json.loads(text)
    except ValueError:
        told = None
    return told if isinstance(told, dict) else {"unreadable": text}


def _instant_us(text: str | None, name: str) -> int | None:
    """Read a UTC day or an instant with offset.

    Raises:
        BadQuery: It is neither.
    """
    if text is None:
        return None
    try:
        instant = datetime.fromisoformat(text)
        if len(text) <= len("2026-01-31"):
            instant = instant.replace(tzinfo=UTC)
        return (instant - _EPOCH) // timedelta(microseconds=1)
    except (ValueError, TypeError) as error:  # TypeError: it has no offset
        raise _bad_query(name, "2026-01-31T00:00:00Z") from error


def _bad_query(name: str, expected: str) -> BadQuery:
    fault = {"place": f"query.{name}", "code": "unreadable", "expected": expected}
    return BadQuery(name=name, errors=[fault])
