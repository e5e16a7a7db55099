"""Up to which event, and by which rules, something is computed; and which rules are in force."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sqlalchemy import select, update
from sqlalchemy.dialects import postgresql, sqlite

from kembar_shared.measurement.store.tables import COMPUTED_HEAD

if TYPE_CHECKING:
    from kembar_shared.chassis.database import Connection

FIGURES: Final = 1
INDICES: Final = 2
JUDGEMENT: Final = 3
"""Rules in force of figures and indices; `seq` counts how often others came into force."""

CHECKS: Final = 4
"""Rules in force of checks beside neighbours."""

SUMS: Final = 5
"""Of these, `seq` is the number of the series up to which all are summed up anew."""


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


def in_force(conn: Connection, what: int) -> str | None:
    """Return the rules in force of *what*; None: nobody brought any into force yet."""
    return conn.scalar(select(COMPUTED_HEAD.c.rules).where(COMPUTED_HEAD.c.id == what))


def claim(conn: Connection, what: int, rules: str) -> bool:
    """Bring *rules* into force where none are yet; say whether they are in force."""
    dialect = postgresql if conn.dialect.name == "postgresql" else sqlite
    first = dialect.insert(COMPUTED_HEAD).values(id=what, seq=1, rules=rules)
    conn.execute(first.on_conflict_do_nothing())
    return in_force(conn, what) == rules


def adopt(conn: Connection, what: int, rules: str) -> None:
    """Bring *rules* into force, whatever was."""
    if not claim(conn, what, rules):
        generation, _ = hold(conn, what)
        note(conn, what, seq=generation + 1, rules=rules)
