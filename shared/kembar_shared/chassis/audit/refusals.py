"""What was refused: collected for about a second, equal attempts as one, then written down."""

from __future__ import annotations

import re
import threading
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final, NamedTuple

from kembar_shared.chassis.audit.chain import REFUSED, Entry

if TYPE_CHECKING:
    from fastapi import Request

    from kembar_shared.chassis.problems import Problem

MOST_KINDS: Final = 64
"""Different attempts that are told apart at a time; all others are counted together."""

ALWAYS: Final = frozenset({401, 403, 413, 429})
"""Statuses of refusals that are written down whatever was asked."""

_READING: Final = frozenset({"GET", "HEAD", "OPTIONS"})
# What a path names is shown unless it may be something that was put there by mistake.
_PLAIN = re.compile(r"(?!.*kembar_)[A-Za-z0-9._-]{1,64}")
_SECRET_PREFIX: Final = "kembar_"  # noqa: S105  how client secrets begin; none is written down


class Kind(NamedTuple):
    """What makes two refusals alike."""

    action: str
    client: str | None
    peer: str
    subject: str
    slug: str
    named: tuple[tuple[str, str], ...] = ()
    """What the path named, such as a station."""


_OTHERS: Final = Kind(REFUSED, None, "", "others", "refused")


@dataclass(frozen=True, slots=True)
class Refusal:
    """One attempt that was refused.

    Attributes:
        kind: Who, from where, what and why.
        request_id: Of the request.
    """

    kind: Kind
    request_id: str | None


def refused(
    request: Request, slug: str, *, action: str = REFUSED, client: str | None = None
) -> None:
    """Say that *request* is refused, where the answer is no `Problem`.

    Args:
        request: The request.
        slug: Why.
        action: What the trail calls it.
        client: Who is said to ask, where no token tells.
    """
    if client is not None and not client.startswith(_SECRET_PREFIX):
        request.state.client = client
    request.state.refused = (action, slug)


def refusal_of(request: Request, status: int) -> Refusal | None:
    """Return what the trail has to know of *request*, which was answered with 4xx."""
    told = getattr(request.state, "refused", None)
    if told is None:
        problem: Problem | None = getattr(request.state, "problem", None)
        if problem is None or problem.is_on_record or not _counts(request, status):
            return None
        told = REFUSED, problem.slug
    action, slug = told
    route = getattr(request.scope.get("route"), "path", "unmatched")
    named = {
        name: value
        for name, value in request.scope.get("path_params", {}).items()
        if isinstance(value, str) and _PLAIN.fullmatch(value)
    }
    kind = Kind(
        action,
        getattr(request.state, "client", None),
        request.client.host if request.client else "",
        f"{request.method} {route}",
        slug,
        tuple(sorted(named.items())),
    )
    return Refusal(kind, getattr(request.state, "request_id", None))


def _counts(request: Request, status: int) -> bool:
    is_attempt = request.method not in _READING and "route" in request.scope
    # Who is narrowed is told no more than that it is not there; whether it is, is not asked here.
    is_kept_out = status == 404 and getattr(request.state, "is_narrowed", False)
    return status in ALWAYS or is_attempt or is_kept_out


@dataclass(slots=True)
class _Several:
    count: int
    since: float
    first: Refusal


class Waiting:
    """Refusals that are to be written down; a flood of them takes bounded room."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._several: dict[Kind, _Several] = {}

    def add(self, refusal: Refusal) -> None:
        """Count an attempt."""
        with self._lock:
            self._merge(_Several(1, time.time(), refusal))

    def take(self) -> dict[Kind, _Several]:
        """Hand over what was collected."""
        with self._lock:
            taken, self._several = self._several, {}
        return taken

    def put_back(self, several: dict[Kind, _Several]) -> None:
        """Keep what could not be written down for the next time."""
        with self._lock:
            newer, self._several = self._several, several
            for each in newer.values():
                self._merge(each)

    def _merge(self, new: _Several) -> None:
        kind = new.first.kind
        if kind not in self._several and len(self._several) >= MOST_KINDS:
            kind = _OTHERS
            new = _Several(new.count, new.since, Refusal(_OTHERS, None))
        known = self._several.get(kind)
        if known is None:
            self._several[kind] = new
        else:
            known.count += new.count


def entries(several: dict[Kind, _Several]) -> list[Entry]:
    """Return what the trail says of collected refusals."""
    return [
        Entry(
            kind.action,
            kind.client,
            kind.subject,
            kind.slug,
            each.count,
            {
                "peer": kind.peer,
                "since": datetime.fromtimestamp(each.since, UTC).isoformat(),
                **({"named": dict(kind.named)} if kind.named else {}),
            },
            each.first.request_id,
        )
        for kind, each in several.items()
    ]
