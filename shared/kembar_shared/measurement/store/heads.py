"""Up to which event, and by which rules, something is computed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sqlalchemy import select, update

from kembar_shared.measurement.store.tables import COMPUTED_HEAD

if TYPE_CHECKING:
    from kembar_shared.chassis.database import Connection

FIGURES: Final = 1
INDICES: Final = 2


def read(conn: Connection, what: int) -> tuple[int, str]:
    """Return up to which event, and by which rules, *what* is computed."""
    wanted = select(COMPUTED_HEAD.c.seq, COMPUTED_HEAD.c.rules).where(COMPUTED_HEAD.c.id == what)
    row = conn.execute(wanted).one()
    return row.seq, row.rules


def hold(conn: Connection, what: int) -> tuple[int, str]:
    """Return the same, and let nobody else write it until the transaction ends."""
    wanted = select(COMPUTED_HEAD.c.seq, COMPUTED_HEAD.c.rules).where(COMPUTED_HEAD.c.id == what)
    row = conn.execute(wanted.with_for_update()).one()
    return row.seq, row.rules


def note(conn: Connection, what: int, *, seq: int, rules: str) -> None:
    """Note up to which event, and by which rules, *what* is computed."""
    conn.execute(
        update(COMPUTED_HEAD).where(COMPUTED_HEAD.c.id == what).values(seq=seq, rules=rules)
    )
