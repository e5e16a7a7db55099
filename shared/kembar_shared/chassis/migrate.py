"""Upgrade a database, and say whether it is current.

Each package keeps its revisions in `migrations/versions`, as a branch of its own that is labelled
with the package's name. A database is upgraded to the heads of the packages that use it.
"""

from __future__ import annotations

import time
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from alembic.config import Config
from alembic.runtime.environment import EnvironmentContext
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import text

from kembar_shared.chassis.database import (
    Connection,
    Engine,
    create_if_absent,
    is_lock_taken,
    is_sqlite,
    reading,
    writing,
)
from kembar_shared.chassis.problems import DatabaseUnavailable, SchemaNewer

if TYPE_CHECKING:
    from collections.abc import Sequence

QUEUES_S: Final = 2.0
PATIENCE_S: Final = 600.0
"""How long a migration waits for a table at a time, and in all."""

_LOCK: Final = 0x6B656D626172  # "kembar": any number that no other lock uses


def upgrade(
    engine: Engine,
    packages: Sequence[str],
    *,
    queues_s: float = QUEUES_S,
    patience_s: float = PATIENCE_S,
) -> None:
    """Bring the database to the newest revisions of *packages*, in one transaction.

    It is made where it does not exist. Two at once wait for each other. Replicas may serve
    meanwhile: whoever asks for a table that a migration waits for has to queue behind it, so on
    PostgreSQL it waits for a moment only, and then lets them pass and tries again.

    Args:
        engine: The database.
        packages: Whose revisions it needs.
        queues_s: How long it waits for a table at a time, in seconds.
        patience_s: How long it tries, in seconds.

    Raises:
        SchemaNewer: The database was upgraded by a newer release.
        DatabaseUnavailable: The database is away, or a table was in use all the time.
    """
    create_if_absent(engine)
    until_s = time.monotonic() + patience_s
    while True:
        try:
            with writing(engine) as conn:
                upgrade_within(conn, packages, queues_s=queues_s)
        except DatabaseUnavailable as error:
            if not is_lock_taken(error) or time.monotonic() > until_s:
                raise
            time.sleep(queues_s)
        else:
            return


def upgrade_within(
    conn: Connection,
    packages: Sequence[str],
    revisions: Sequence[str] | None = None,
    *,
    queues_s: float | None = None,
) -> None:
    """Bring the database of *conn* to *revisions* (None: the newest), in the caller's transaction.

    Raises:
        SchemaNewer: The database was upgraded by a newer release, or *revisions* come from one.
    """
    script = _script(packages)
    if not is_sqlite(conn):
        conn.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
        if queues_s is not None:
            conn.exec_driver_sql(f"SET LOCAL lock_timeout = {round(queues_s * 1000)}")
    _refuse_unknown(set(revisions or ()) | set(revisions_of(conn)), script)
    # Any: Alembic's own types for revisions differ from release to release
    wanted: Any = "heads" if revisions is None else tuple(revisions)

    def steps(revision: Any, _context: object) -> Any:
        return script._upgrade_revs(wanted, revision)

    with EnvironmentContext(Config(), script, fn=steps, destination_rev=wanted) as environment:
        environment.configure(connection=conn, render_as_batch=True)
        environment.run_migrations()


def revisions_of(conn: Connection) -> list[str]:
    """Return the revisions that the database of *conn* has, none where it was never migrated."""
    return sorted(MigrationContext.configure(conn).get_current_heads())


def is_current(engine: Engine, packages: Sequence[str]) -> bool:
    """Say whether the database has exactly the newest revisions of *packages*.

    Raises:
        SchemaNewer: The database was upgraded by a newer release.
    """
    script = _script(packages)
    with reading(engine) as conn:
        found = set(revisions_of(conn))
    _refuse_unknown(found, script)
    return found == set(script.get_heads())


def _script(packages: Sequence[str]) -> ScriptDirectory:
    folders = [str(resources.files(package) / "migrations" / "versions") for package in packages]
    return ScriptDirectory(str(Path(__file__).parent / "migrations"), version_locations=folders)


def _refuse_unknown(revisions: set[str], script: ScriptDirectory) -> None:
    if revisions - {revision.revision for revision in script.walk_revisions()}:
        raise SchemaNewer
