"""What the audit trail says of uploads."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from kembar_shared.chassis import audit

if TYPE_CHECKING:
    from collections.abc import Mapping

_TOLD: Final = ("inserted", "unchanged", "corrected", "rejected", "flagged", "sha256")


def of_receipt(receipt: Mapping[str, Any], request_id: str | None = None) -> list[audit.Entry]:
    """Return what an upload did: one entry, and one more where it corrected values."""
    client, code = receipt["client"], receipt["code"]
    detail = {name: receipt[name] for name in _TOLD}
    result = audit.DONE if receipt["stored"] else audit.REFUSED
    entries = [
        audit.Entry(audit.UPLOAD, client, code, result, receipt["received"], detail, request_id)
    ]
    if receipt["corrected"]:
        count = receipt["corrected"]
        entries.append(audit.Entry(audit.CORRECTION, client, code, n=count, request_id=request_id))
    return entries
