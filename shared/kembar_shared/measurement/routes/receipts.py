"""How what became of an upload is answered and counted."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, Final

from fastapi.responses import Response
from pydantic import BaseModel, Field

from kembar_shared.measurement import periods
from kembar_shared.measurement.routes.shown import rfc3339

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fastapi import Request

_PREFIX: Final = re.compile(r"(?:/[A-Za-z0-9_-]{1,64}){1,4}")
_COUNTS = ("received", "inserted", "unchanged", "corrected", "rejected", "flagged")
_ENCODER = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":"))
RESULTS = ("inserted", "unchanged", "corrected", "rejected")


class Refused(BaseModel):
    """A cell that cannot be stored, and how to mend it."""

    line: int
    column: str
    value: str
    code: str
    message: str
    fix: str
    raw: str = Field(description="The whole line as it was sent.")


class Receipt(BaseModel):
    """What became of each row: received = inserted + unchanged + corrected + rejected."""

    id: str | None = Field(description="Null for a trial, which is not kept.")
    sha256: str = Field(description="Of the body as received, unpacked; hexadecimal.")
    received_at: str
    received: int
    inserted: int
    unchanged: int
    corrected: int
    rejected: int
    flagged: int = Field(description="Of those stored, how many a check found suspect or wrong.")
    first_time: str | None = Field(description="Earliest instant measured, UTC.")
    last_time: str | None = Field(description="Latest instant measured, UTC.")
    rejections: str | None = Field(description="Where every refused cell is listed.")
    replayed: bool = Field(description="True where an earlier receipt is repeated.")
    dry_run: bool = False
    errors: list[Refused] = Field(
        default_factory=list, description="Of a trial: the first refused cells."
    )


def receipt_of(request: Request, upload: Mapping[str, Any]) -> dict[str, Any]:
    """Return the receipt of an upload as it is answered; its link is right where it was asked."""
    return {
        "id": upload["code"],
        "sha256": upload["sha256"],
        "received_at": rfc3339(upload["recorded_at"]),
        **{name: upload[name] for name in _COUNTS},
        "first_time": _instant(upload["first_time_us"]),
        "last_time": _instant(upload["last_time_us"]),
        "rejections": f"{_prefix(request)}/v1/uploads/{upload['code']}/rejections",
    }


def stored(receipt: dict[str, Any], *, is_replayed: bool) -> Response:
    """Answer the receipt of an upload that is stored."""
    location = {"Location": f"/v1/uploads/{receipt['id']}"}
    status = 200 if is_replayed else 201
    body = _ENCODER.encode(receipt | {"replayed": is_replayed})
    return Response(body, status, location, "application/json")


def count(request: Request, receipt: Mapping[str, Any]) -> None:
    """Count the rows of an upload by what became of them."""
    request.state.rows = receipt["received"]
    for result, rows in request.app.state.upload_rows.items():
        if receipt[result]:
            rows.inc(receipt[result])


def _prefix(request: Request) -> str:
    """Return the path under which the gateway's door leads here; empty for who asks directly.

    An answer's body streams through the door as it is, so that its links are written here. RFC
    3986 knows no reference that is right in the receipt of a POST to `uploads` and of a GET of
    `uploads/ID` alike, but an absolute path.
    """
    said = request.headers.get("x-forwarded-prefix", "")
    return said if _PREFIX.fullmatch(said) else ""


def _instant(time_us: int | None) -> str | None:
    if time_us is None:
        return None
    return rfc3339(periods.instant_of_us(time_us))
