"""Every SQL statement about the register's entries: appended, never changed or deleted."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, cast

import sqlalchemy as sa

from kembar_gateway.models import RegisterEntry, RegisterHead
from kembar_gateway.register.book import Entered
from kembar_gateway.register.kinds import KINDS

if TYPE_CHECKING:
    from kembar_gateway.register.parts import Part
    from kembar_shared.chassis.database import Connection

Body = dict[str, Any]  # Any: an entry's members differ from kind to kind

# Any: SQLModel makes the attribute at run time, so no type checker knows it.
_ENTRY: Final = cast("sa.Table", cast("Any", RegisterEntry).__table__)
_HEAD: Final = cast("sa.Table", cast("Any", RegisterHead).__table__)


@dataclass(frozen=True, slots=True)
class Version:
    """One version of an entry as stored; see `models.RegisterEntry`."""

    number: int
    place: int
    kind: str
    cooperation: str
    code: str
    version: int
    body: str
    digest: str
    valid_from: datetime
    valid_to: datetime | None
    changed_by: str
    reason: str

    @property
    def members(self) -> Body:
        """The entry's own members."""
        return cast("Body", json.loads(self.body))

    def entered(self) -> Entered:
        """Return the entry in its kind's shape."""
        part = KINDS[self.kind].model.model_validate_json(self.body)
        return Entered(self.kind, self.cooperation, self.code, part, self.version, self.digest)


@dataclass(frozen=True, slots=True)
class Head:
    """Number and instant of the register's newest change; 0 where nothing was ever entered."""

    number: int
    changed_at: datetime | None


@dataclass(frozen=True, slots=True)
class Writing:
    """Who writes, when, and why."""

    by: str
    reason: str
    at: datetime


def head(conn: Connection, *, lock: bool = False) -> Head:
    """Return the register's head.

    Args:
        conn: A transaction; a writing one, to lock.
        lock: Nobody else changes the register until the transaction ends.
    """
    query = sa.select(_HEAD.c.number, _HEAD.c.changed_at).where(_HEAD.c.id == 1)
    row = conn.execute(query.with_for_update() if lock else query).one()
    return Head(row.number, _aware(row.changed_at))


def current(conn: Connection, *, as_of: datetime | None = None) -> list[Version]:
    """Return the entries in force now or at *as_of*, the oldest entry first."""
    query = sa.select(_ENTRY).where(_in_force(as_of))
    return [_version(row) for row in conn.execute(query.order_by(_ENTRY.c.place))]


def names_ever_used(conn: Connection) -> set[tuple[str, str, str]]:
    """Return kind, cooperation and code of every entry."""
    found = sa.select(_ENTRY.c.kind, _ENTRY.c.cooperation, _ENTRY.c.code).distinct()
    return {(row.kind, row.cooperation, row.code) for row in conn.execute(found)}


def listed(
    conn: Connection,
    kind: str,
    cooperations: Collection[str],
    *,
    after: int,
    limit: int,
    as_of: datetime | None,
) -> list[Version]:
    """List entries of some cooperations by place, beginning behind the place *after*."""
    query = sa.select(_ENTRY).where(
        _ENTRY.c.kind == kind,
        _ENTRY.c.cooperation.in_(list(cooperations)),
        _ENTRY.c.place > after,
        _in_force(as_of),
    )
    return [_version(row) for row in conn.execute(query.order_by(_ENTRY.c.place).limit(limit))]


def find(
    conn: Connection,
    kind: str,
    code: str,
    cooperations: Collection[str],
    *,
    as_of: datetime | None = None,
) -> list[Version]:
    """Return the entry with this code of each of the cooperations that has one."""
    query = sa.select(_ENTRY).where(
        _ENTRY.c.kind == kind,
        _ENTRY.c.code == code,
        _ENTRY.c.cooperation.in_(list(cooperations)),
        _in_force(as_of),
    )
    return [_version(row) for row in conn.execute(query.order_by(_ENTRY.c.place))]


def versions(conn: Connection, place: int, *, after: int, limit: int) -> list[Version]:
    """List the versions of the entry with this place, beginning behind the version *after*."""
    query = sa.select(_ENTRY).where(_ENTRY.c.place == place, _ENTRY.c.version > after)
    return [_version(row) for row in conn.execute(query.order_by(_ENTRY.c.version).limit(limit))]


def every_version(
    conn: Connection, kind: str, cooperation: str, *, as_of: datetime | None = None
) -> list[Version]:
    """List all versions of a cooperation's entries of a kind, those up to *as_of*, by age."""
    query = sa.select(_ENTRY).where(_ENTRY.c.kind == kind, _ENTRY.c.cooperation == cooperation)
    if as_of is not None:
        query = query.where(_ENTRY.c.valid_from <= as_of)
    return [_version(row) for row in conn.execute(query.order_by(_ENTRY.c.number))]


def drafted(before: Head, entered: Iterable[Entered], writing: Writing) -> list[Version]:
    """Return new entries as they would be stored after the head *before*."""
    number, at = before.number, _next(before, writing)
    made: list[Version] = []
    for each in entered:
        number += 1
        name = (each.kind, each.cooperation, each.code)
        made.append(_made(number, number, name, 1, each.part, writing, at))
    return made


def add(
    conn: Connection, before: Head, entered: Iterable[Entered], writing: Writing
) -> list[Version]:
    """Store new entries; call it in the transaction that locked the head *before*."""
    made = drafted(before, entered, writing)
    _insert(conn, made)
    return made


def following(before: Head, last: Version, part: Part, writing: Writing) -> Version:
    """Return the version that would follow *last* after the head *before*."""
    number, at = before.number + 1, _next(before, writing)
    name = (last.kind, last.cooperation, last.code)
    return _made(number, last.place, name, last.version + 1, part, writing, at)


def replace(conn: Connection, before: Head, last: Version, part: Part, writing: Writing) -> Version:
    """Store the version that follows *last*; call it in the transaction that locked the head."""
    made = following(before, last, part, writing)
    ended = sa.update(_ENTRY).where(_ENTRY.c.number == last.number).values(valid_to=made.valid_from)
    conn.execute(ended)
    _insert(conn, [made])
    return made


def spelled(part: Part) -> str:
    """Return an entry as it is stored and shown."""
    members = part.model_dump(mode="json")
    return json.dumps(members, ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def _made(
    number: int,
    place: int,
    name: tuple[str, str, str],
    version: int,
    part: Part,
    writing: Writing,
    at: datetime,
) -> Version:
    body = spelled(part)
    content = json.dumps([*name, version, body], ensure_ascii=False, separators=(",", ":"))
    digest = hashlib.sha256(content.encode()).hexdigest()
    reason, by = writing.reason, writing.by
    return Version(number, place, *name, version, body, digest, at, None, by, reason)


def _next(before: Head, writing: Writing) -> datetime:
    """Return the instant of a change: never before the last one, whatever the clocks say."""
    last = before.changed_at
    return writing.at if last is None else max(writing.at, last)


def _insert(conn: Connection, made: Sequence[Version]) -> None:
    if not made:
        return
    rows = [{name: getattr(each, name) for name in Version.__slots__} for each in made]
    conn.execute(sa.insert(_ENTRY), rows)
    newest = {"number": made[-1].number, "changed_at": made[-1].valid_from}
    conn.execute(sa.update(_HEAD).where(_HEAD.c.id == 1).values(newest))


def _in_force(as_of: datetime | None) -> sa.ColumnElement[bool]:
    if as_of is None:
        return _ENTRY.c.valid_to.is_(None)
    ended = sa.or_(_ENTRY.c.valid_to.is_(None), _ENTRY.c.valid_to > as_of)
    return sa.and_(_ENTRY.c.valid_from <= as_of, ended)


def _version(row: sa.Row[Any]) -> Version:
    members = dict(row._mapping)
    members["valid_from"] = _aware(members["valid_from"])
    members["valid_to"] = _aware(members["valid_to"])
    return Version(**members)


def _aware(at: datetime | None) -> datetime | None:
    """Return an instant with its zone, which SQLite does not keep."""
    return at if at is None or at.tzinfo is not None else at.replace(tzinfo=UTC)
