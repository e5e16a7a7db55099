"""New databases, copied from one that was migrated before: most tests need the tables at once."""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Sequence
from pathlib import Path

import psycopg

from kembar_shared.chassis import migrate
from kembar_shared.chassis.database import connect


class PostgresTemplates:
    """Makes databases on a PostgreSQL server."""

    def __init__(self, server: str) -> None:
        """Make nothing yet; *server* is the URL of any database on it."""
        self._server = server
        self._made: dict[tuple[str, ...], str] = {}

    def new(self, packages: Sequence[str]) -> str:
        """Return the URL of a new database with the tables of *packages*."""
        if not packages:
            return _create_postgresql(self._server, "template1")
        key = tuple(packages)
        if key not in self._made:
            url = _create_postgresql(self._server, "template1")
            migrate_database(url, packages)
            self._made[key] = url
        return _create_postgresql(self._server, self._made[key].rpartition("/")[2])

    def drop(self) -> None:
        """Leave nothing on the server."""
        for url in self._made.values():
            drop_postgresql(url)


class SqliteTemplates:
    """Makes SQLite files."""

    def __init__(self, folder: Path) -> None:
        """Make nothing yet; the templates will lie in *folder*."""
        self._folder = folder
        self._made: dict[tuple[str, ...], Path] = {}

    def new(self, file: Path, packages: Sequence[str]) -> str:
        """Return the URL of *file*, made with the tables of *packages*, where there are any."""
        url, key = f"sqlite:///{file}", tuple(packages)
        if not packages:
            return url
        if key not in self._made:
            template = self._folder / f"{len(self._made)}.sqlite"
            migrate_database(f"sqlite:///{template}", packages)
            self._made[key] = template
        file.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(self._made[key], file)
        return url


def drop_postgresql(url: str) -> None:
    """Drop the database at *url*, whoever still uses it."""
    server, _, name = url.rpartition("/")
    with psycopg.connect(f"{server}/postgres", autocommit=True) as conn:
        conn.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


def _create_postgresql(server: str, template: str) -> str:
    name = f"kembar_test_{uuid.uuid4().hex[:12]}"
    with psycopg.connect(server, autocommit=True) as conn:
        # Many at a time would go through the log one page at a time; a copy of files is quicker.
        conn.execute(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY FILE_COPY")
    return f"{server.rpartition('/')[0]}/{name}"


def migrate_database(url: str, packages: Sequence[str]) -> None:
    """Make the tables of *packages*."""
    engine = connect(url, timeout_s=10)
    migrate.upgrade(engine, packages)
    engine.dispose()
