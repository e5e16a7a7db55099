"""The statements of evidence: a file is added once, in pieces, and never changed or deleted."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC
from typing import TYPE_CHECKING, Any, BinaryIO, Final, cast

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from kembar_gateway import models
from kembar_shared.chassis.database import is_sqlite, reading

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from kembar_shared.chassis.database import Connection, Engine

PIECE_BYTES: Final = 16_384
"""Of each row: a backup holds some thousand rows at a time, whatever is in them."""

_AT_ONCE: Final = 64


def _table(model: Any) -> sa.Table:
    # Any: SQLModel makes the attribute at run time, so no type checker knows it.
    return cast("sa.Table", model.__table__)


_FILE = _table(models.EvidenceFile)
_PIECE = _table(models.EvidencePiece)


@dataclass(frozen=True, slots=True)
class Kept:
    """A file that is kept."""

    cooperation: str
    sha256: str
    media_type: str
    ending: str
    name: str | None
    bytes: int
    added_at: datetime
    added_by: str


def find(conn: Connection, cooperation: str, sha256: str) -> Kept | None:
    """Return what is known of a cooperation's file; None where it is not kept."""
    query = sa.select(_FILE).where(_FILE.c.cooperation == cooperation, _FILE.c.sha256 == sha256)
    row = conn.execute(query).first()
    return None if row is None else _kept(row)


def kept_of(conn: Connection, cooperation: str) -> dict[str, Kept]:
    """Return the files of a cooperation by digest."""
    rows = conn.execute(sa.select(_FILE).where(_FILE.c.cooperation == cooperation))
    return {row.sha256: _kept(row) for row in rows}


def add(conn: Connection, kept: Kept, file: BinaryIO) -> bool:
    """Keep *file*, read from its beginning; say whether it was not kept before."""
    values = {name: getattr(kept, name) for name in Kept.__slots__}
    insert = sqlite.insert if is_sqlite(conn) else postgresql.insert
    new = insert(_FILE).values(values).on_conflict_do_nothing()
    if conn.execute(new.returning(_FILE.c.sha256)).first() is None:
        return False
    file.seek(0)
    number, waiting = 0, []
    while content := file.read(PIECE_BYTES):
        waiting.append(
            {
                "cooperation": kept.cooperation,
                "sha256": kept.sha256,
                "number": number,
                "content": content,
            }
        )
        number += 1
        if len(waiting) == _AT_ONCE:
            conn.execute(sa.insert(_PIECE), waiting)
            waiting = []
    if waiting:
        conn.execute(sa.insert(_PIECE), waiting)
    return True


def content_of(engine: Engine, kept: Kept) -> Iterator[bytes]:
    """Yield the content of a file, some pieces at a time; between them nothing is held."""
    several = -(-kept.bytes // PIECE_BYTES)
    for first in range(0, several, _AT_ONCE):
        query = sa.select(_PIECE.c.content).where(
            _PIECE.c.cooperation == kept.cooperation,
            _PIECE.c.sha256 == kept.sha256,
            _PIECE.c.number >= first,
            _PIECE.c.number < first + _AT_ONCE,
        )
        with reading(engine) as conn:
            pieces = conn.execute(query.order_by(_PIECE.c.number)).scalars().all()
        yield b"".join(pieces)


def _kept(row: sa.Row[Any]) -> Kept:
    members = dict(row._mapping)
    at = members["added_at"]
    # SQLite keeps no zone.
    members["added_at"] = at if at.tzinfo is not None else at.replace(tzinfo=UTC)
    return Kept(**members)
