"""Lists, page by page: keyset cursors and the envelope; and links between answers."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Annotated, Any, Generic, TypeVar

from fastapi import Depends, Query
from pydantic import BaseModel, Field

from kembar_shared.chassis.problems import BadCursor

if TYPE_CHECKING:
    from collections.abc import Mapping

Item = TypeVar("Item")


class Page(BaseModel, Generic[Item]):
    """One page of a list."""

    items: list[Item]
    next: str | None = Field(description="Cursor of the following page; null on the last one.")


def page(items: list[Any], next: str | None) -> dict[str, Any]:  # noqa: A002
    """Return the envelope of *items*; *next* is the cursor of the following page, if any."""
    return {"items": items, "next": next}


def encode_cursor(position: dict[str, Any]) -> str:
    """Return *position* as an opaque text that fits in a URL."""
    text = json.dumps(position, separators=(",", ":"), sort_keys=True)
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def decode_cursor(cursor: str) -> dict[str, Any]:
    """Return the position that *cursor* was made from.

    The caller still checks its members: a cursor can be forged.

    Raises:
        BadCursor: It is no cursor.
    """
    try:
        text = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars="-_", validate=True)
        position = json.loads(text)
        # Half a surrogate pair is JSON, but no text that a database could be asked for.
        json.dumps(position, ensure_ascii=False).encode()
    except (ValueError, RecursionError) as error:
        raise BadCursor from error
    if not isinstance(position, dict):
        raise BadCursor
    return position


def links(operations: Mapping[str, str], member: str) -> dict[str, Any]:
    """Return OpenAPI links from an answer to what may be done next with what it made.

    Args:
        operations: Parameter of each operation that takes what was made, by the operation's id.
        member: Member of the answer that names it.
    """
    return {
        name: {"operationId": name, "parameters": {parameter: f"$response.body#/{member}"}}
        for name, parameter in operations.items()
    }


async def _limit(
    limit: Annotated[int, Query(ge=1, le=10_000, description="Most items of a page.")] = 1000,
) -> int:
    return limit


LimitDep = Annotated[int, Depends(_limit)]
