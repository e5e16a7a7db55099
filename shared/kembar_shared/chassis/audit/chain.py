"""Entries, and the keyed hashes that chain them: pure arithmetic."""

from __future__ import annotations

import hmac
import json
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

UPLOAD: Final = "upload"
CORRECTION: Final = "correction"
REVIEW: Final = "review"
RETRACTION: Final = "retraction"
STATION: Final = "station"
RULES: Final = "rules"
CLIENT: Final = "client"
SECRET: Final = "secret"  # noqa: S105  the name of an action, no secret
KEY: Final = "key"
REGISTER: Final = "register"
REPORT: Final = "report"
TOKEN_REFUSED: Final = "token-refused"  # noqa: S105  the name of an action, no secret
REFUSED: Final = "refused"
ALARM: Final = "alarm"
ACTIONS: Final = (
    UPLOAD, CORRECTION, REVIEW, RETRACTION, STATION, RULES, CLIENT, SECRET, KEY, REGISTER, REPORT,
    TOKEN_REFUSED, REFUSED, ALARM,
)  # fmt: skip
"""All there are; `alarm` is the trail's own word for a head that was not as it had left it."""

DONE: Final = "done"
MOST_CHARACTERS: Final = 300

# Made once: `json.dumps` would make one for each call.
_ENCODER: Final = json.JSONEncoder(separators=(",", ":"), sort_keys=True)
_NOTHING: Final[Mapping[str, object]] = MappingProxyType({})


class Entry(NamedTuple):
    """What is to be written down.

    Attributes:
        action: One of `ACTIONS`.
        client: Who did it, where that is known.
        subject: On what: the code of a receipt, review or station, a client's id, a route.
        result: `done`, `refused` of an upload whose receipt says why, or a problem's slug.
        n: How many: rows of an upload, attempts of a refusal.
        detail: What else is to be known; never a secret.
        request_id: Of the request that asked; None takes that of the current one.
    """

    action: str
    client: str | None
    subject: str
    result: str = DONE
    n: int = 1
    detail: Mapping[str, object] = _NOTHING
    request_id: str | None = None


class Row(NamedTuple):
    """An entry as it is stored."""

    seq: int
    at_us: int
    client: str | None
    action: str
    subject: str
    result: str
    n: int
    detail: str
    request_id: str | None
    hash: str


class Head(NamedTuple):
    """The end of the trail: number, instant and hash of its newest entry, signed."""

    seq: int
    at_us: int
    hash: str
    mac: str

    def is_signed_by(self, key: bytes) -> bool:
        """Say whether *key* signed it; a trail that has not begun carries no signature."""
        signed = mac_of(key, self.seq, self.at_us, self.hash) if self.seq else ""
        return hmac.compare_digest(self.mac.encode(), signed.encode())


def hash_of(key: bytes, previous: str, row: Row) -> str:
    """Return the keyed hash of an entry (all but its own `hash`) that follows *previous*."""
    return _digest(key, ["entry", previous, *row[:-1]])


def mac_of(key: bytes, seq: int, at_us: int, hash: str) -> str:  # noqa: A002
    """Return the keyed hash of a head."""
    return _digest(key, ["head", seq, at_us, hash])


def extend(
    key: bytes, head: Head, entries: Sequence[Entry], *, now_us: int
) -> tuple[list[Row], Head]:
    """Return *entries* as they follow *head*, and the new head.

    A head that is not as it was left is told by an entry of its own.

    Args:
        key: The trail's key.
        head: The end of the trail so far.
        entries: At least one.
        now_us: The instant, in microseconds since 1970; never taken as earlier than the head's.
    """
    at_us = max(now_us, head.at_us)
    if not head.is_signed_by(key):
        entries = [Entry(ALARM, None, "audit_head", "altered", 1, {"seq": head.seq}), *entries]
    rows, last = [], head.hash
    for seq, entry in enumerate(entries, head.seq + 1):
        detail = _ENCODER.encode(dict(entry.detail))
        texts = (entry.action, _clean(entry.subject), entry.result)
        bare = Row(seq, at_us, _clean(entry.client), *texts, entry.n, detail, entry.request_id, "")
        last = hash_of(key, last, bare)
        rows.append(bare._replace(hash=last))
    seq = rows[-1].seq
    return rows, Head(seq, at_us, last, mac_of(key, seq, at_us, last))


def _digest(key: bytes, members: list[Any]) -> str:  # Any: text, numbers and None
    return hmac.digest(key, _ENCODER.encode(members).encode(), "sha256").hex()


def _clean(text: Any) -> Any:  # Any: text or None, and the same comes back
    """Return *text* as every database can keep it."""
    if text is None or (text.isalnum() and text.isascii() and len(text) <= MOST_CHARACTERS):
        return text
    kept = text[:MOST_CHARACTERS].encode("utf-8", "replace").decode()
    return kept.replace("\x00", "\N{REPLACEMENT CHARACTER}")
