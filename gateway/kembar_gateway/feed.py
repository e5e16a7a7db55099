"""The partner's feed: what changed in figures, reports and register, in the order of commits."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC
from typing import TYPE_CHECKING, Any, Final, cast

import sqlalchemy as sa

from kembar_gateway.models import Change, ChangeHead

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from datetime import datetime

    from kembar_gateway.wire import Figure
    from kembar_shared.chassis.database import Connection

FIGURE: Final = "figure"
PUBLISHED: Final = "report-published"
COUNTERSIGNED: Final = "report-countersigned"

# Any: SQLModel makes the attribute at run time, so no type checker knows it.
_CHANGE = cast("sa.Table", cast("Any", Change).__table__)
_HEAD = cast("sa.Table", cast("Any", ChangeHead).__table__)


@dataclass(frozen=True, slots=True)
class News:
    """What changed: a figure, of all with its indicator, or a report or entry of a cooperation."""

    kind: str
    detail: dict[str, Any]  # Any: JSON that depends on the kind
    indicator: str | None = None
    cooperation: str | None = None


@dataclass(frozen=True, slots=True)
class Told:
    """A change as stored."""

    seq: int
    at: datetime
    news: News


def of_figure(figure: Figure, *, ended: bool) -> News:
    """Return what is told of a figure's new version, or of its end."""
    shown = figure.model_dump(
        mode="json",
        include={"jurisdiction", "period", "unit", "value", "state", "method", "digest"},
    )
    return News(FIGURE, {**shown, "ended": ended}, indicator=figure.indicator)


def append(conn: Connection, several: Sequence[News], *, at: datetime) -> None:
    """Add to the feed, last of all in the transaction that *several* tell of.

    Whoever adds holds the head until the commit, so a number that can be seen is never followed
    by a smaller one.
    """
    if not several:
        return
    raised = sa.update(_HEAD).values(seq=_HEAD.c.seq + len(several)).returning(_HEAD.c.seq)
    first = conn.execute(raised).scalar_one() - len(several) + 1
    rows = [
        {
            "seq": seq,
            "at": at,
            "kind": each.kind,
            "indicator": each.indicator,
            "cooperation": each.cooperation,
            "detail": json.dumps(each.detail, ensure_ascii=False),
        }
        for seq, each in enumerate(several, first)
    ]
    conn.execute(sa.insert(_CHANGE), rows)


def read(
    conn: Connection,
    *,
    after: int,
    limit: int,
    cooperations: Collection[str],
    areas: Mapping[str, Collection[str]],
) -> tuple[list[Told], int]:
    """Return what changed after the number *after*, in order, and the last number looked at.

    Args:
        conn: A snapshot.
        after: The last number looked at before.
        limit: Most changes to look at.
        cooperations: Whose reports and entries are told of.
        areas: Of which indicators figures are told of, each with its areas.
    """
    wanted = sa.or_(
        _CHANGE.c.cooperation.in_(list(cooperations)), _CHANGE.c.indicator.in_(list(areas))
    )
    query = sa.select(_CHANGE).where(_CHANGE.c.seq > after, wanted)
    rows = conn.execute(query.order_by(_CHANGE.c.seq).limit(limit)).all()
    several = [
        Told(r.seq, r.at, News(r.kind, json.loads(r.detail), r.indicator, r.cooperation))
        for r in rows
    ]
    # Everything up to the newest number was seen, though it may be told to others alone.
    last = rows[-1].seq if len(rows) == limit else max(after, newest(conn))
    return [told for told in several if _is_of(told.news, areas)], last


def _is_of(news: News, areas: Mapping[str, Collection[str]]) -> bool:
    if news.indicator is None:
        return True
    return news.detail["jurisdiction"] in areas.get(news.indicator, ())


def shown(told: Told, cooperation: str) -> dict[str, Any]:
    """Return a change as partners are told of it."""
    return {
        "seq": told.seq,
        "at": told.at.astimezone(UTC).isoformat().replace("+00:00", "Z"),
        "change": told.news.kind,
        "cooperation": cooperation,
        "indicator": told.news.indicator or told.news.detail.get("indicator"),
        "detail": told.news.detail,
    }


def newest(conn: Connection) -> int:
    """Return the number of the newest change of all."""
    return int(conn.execute(sa.select(_HEAD.c.seq)).scalar_one())
