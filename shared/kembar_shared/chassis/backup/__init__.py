"""Back a process up while it works, and restore it exactly, on SQLite and PostgreSQL alike.

A backup is one snapshot of every table that the database has, written as files that either kind of
database can be restored from. A restore is one transaction: it fills an empty database, reads every
row back, compares it with the backup, and commits only where all are the same.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Final

import polars as pl

from kembar_shared.chassis import migrate
from kembar_shared.chassis.audit import store as trail
from kembar_shared.chassis.backup import counters, tables
from kembar_shared.chassis.backup import folder as folders
from kembar_shared.chassis.backup.folder import (
    FILES,
    FORMAT,
    VERIFYING,
    AuditHead,
    Manifest,
    TableEntry,
)
from kembar_shared.chassis.backup.refusals import Refused
from kembar_shared.chassis.database import (
    Connection,
    Engine,
    connect,
    create_if_absent,
    reading,
    writing,
)
from kembar_shared.chassis.problems import SchemaNewer

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from kembar_shared.chassis.backup.tables import Table

__all__ = ["MakeRoom", "Manifest", "Refused", "Step", "create", "restore", "verify"]

SAVE: Final = "save"
LOAD: Final = "load"
VERIFY: Final = "verify"

VERIFY_TIMEOUT_S: Final = 3600.0


@dataclass(frozen=True)
class Step:
    """How far a backup or restore has come.

    Attributes:
        doing: `save`, `load` or `verify`.
        table: Of which table.
        rows: Rows done of this table.
        total: Rows of this table.
    """

    doing: str
    table: str
    rows: int
    total: int


Told = Callable[[Step], object]
MakeRoom = Callable[[Connection, str, pl.DataFrame], object]


def create(
    engine: Engine,
    folder: Path,
    *,
    service: str,
    files: Mapping[str, Path],
    told: Told,
) -> tuple[Manifest, str]:
    """Write everything that *engine*'s database holds at one instant, while others go on writing.

    Args:
        engine: The database.
        folder: Where to; empty or not there.
        service: Whose it is.
        files: What belongs to it beside the database, by the name it has in the backup.
        told: Called after each part.

    Returns:
        The manifest, and its SHA-256.

    Raises:
        Refused: There is no such database, the folder is in use, or a column cannot be kept.
        DatabaseUnavailable: The database is away or too slow.
    """
    _refuse_absent(engine)
    folders.create(folder)
    made_at = datetime.now(UTC)
    with reading(engine) as conn:
        revisions = migrate.revisions_of(conn)
        if not revisions:
            raise Refused("no-database")
        entries = {table.name: _save(conn, table, folder, told) for table in tables.tables(conn)}
        head = trail.head(conn) if trail.is_there(conn) else None
    manifest = Manifest(
        format=FORMAT,
        service=service,
        release=version("kembar-shared"),
        made_at=made_at,
        database=engine.dialect.name,
        revisions=revisions,
        tables=entries,
        files=_save_files(folder / FILES, files),
        audit=AuditHead(**head._asdict()) if head is not None and head.seq else None,
    )
    return manifest, folders.write_manifest(folder, manifest)


def restore(
    engine: Engine,
    packages: Sequence[str],
    folder: Path,
    *,
    service: str,
    files: Mapping[str, Path],
    told: Told,
    make_room: MakeRoom | None = None,
    may_commit: Callable[[], bool] = lambda: True,
) -> Manifest:
    """Fill *engine*'s empty database from a backup, and commit once every row was read back.

    The database gets the revision of the backup, which may be older than the newest.

    Args:
        engine: The database; it is made where it is missing.
        packages: Packages whose migrations the database needs.
        folder: What `create` wrote.
        service: Whose backup it must be.
        files: Where that lies which belongs to it beside the database.
        told: Called after each part.
        make_room: Called with a table's name and rows before they are added.
        may_commit: Asked when everything was verified; False leaves the database as it was.

    Raises:
        Refused: The backup is damaged or newer, its place is not empty, or the restored rows are
            not those of the backup.
        DatabaseUnavailable: The database is away, full or too slow.
    """
    manifest = folders.read_manifest(folder)
    if manifest.service != service:
        raise Refused("other-service", service=manifest.service)
    kept = _kept_files(folder, manifest, files)
    create_if_absent(engine)
    with writing(engine) as conn:
        for table, entry in _emptied(conn, packages, manifest):
            _load(conn, table, entry, folder, told, make_room)
        for table, entry in _paired(conn, manifest):
            _verify(conn, table, entry, folder, told)
            counters.set_after(conn, table, entry.counter)
        if not may_commit():
            raise Refused("not-committed")
        for place, content in kept.items():
            place.parent.mkdir(parents=True, exist_ok=True)
            folders.write_file(place, content)
    return manifest


def verify(packages: Sequence[str], folder: Path, *, service: str, told: Told) -> None:
    """Restore a backup into a fresh place beside it, compare every row, and remove that place.

    Args:
        packages: Packages whose migrations the database needs.
        folder: What `create` wrote.
        service: Whose backup it must be.
        told: Called after each part.

    Raises:
        Refused: The backup is damaged, or cannot be restored exactly.
        DatabaseUnavailable: There is no room for it on the disk.
    """
    with tempfile.TemporaryDirectory(prefix=VERIFYING, dir=folder.parent) as place:
        engine = connect(f"sqlite:///{place}/fresh.sqlite", timeout_s=VERIFY_TIMEOUT_S)
        try:
            restore(engine, packages, folder, service=service, files={}, told=told)
        finally:
            engine.dispose()


def _refuse_absent(engine: Engine) -> None:
    """Keep SQLite from making a database where there is none."""
    file = engine.url.database
    if engine.dialect.name == "sqlite" and not (file and Path(file).is_file()):
        raise Refused("no-database")


def _save(conn: Connection, table: Table, folder: Path, told: Told) -> TableEntry:
    total, done, parts = tables.count(conn, table), 0, []
    for number, frame in enumerate(tables.rows(conn, table), 1):
        parts.append(folders.write_part(folder, table.name, number, frame))
        done += frame.height
        told(Step(SAVE, table.name, done, total))
    last = counters.read(conn, table)
    return TableEntry(columns=table.columns, rows=done, counter=last, parts=parts)


def _save_files(folder: Path, files: Mapping[str, Path]) -> dict[str, str]:
    there = {name: place for name, place in files.items() if place.is_file()}
    if there:
        folder.mkdir(mode=0o700)
    return {
        name: folders.write_file(folder / name, place.read_bytes()) for name, place in there.items()
    }


def _kept_files(folder: Path, manifest: Manifest, files: Mapping[str, Path]) -> dict[Path, bytes]:
    """Return what is to be written beside the database, and where."""
    missing: dict[Path, bytes] = {}
    for name, digest in manifest.files.items():
        content = folders.read_file(folder / FILES / name, digest)
        place = files.get(name)
        if place is None:
            continue
        if not place.exists():
            missing[place] = content
        elif place.read_bytes() != content:
            raise Refused("file-in-use", file=place)
    return missing


def _emptied(
    conn: Connection, packages: Sequence[str], manifest: Manifest
) -> list[tuple[Table, TableEntry]]:
    """Bring an empty database to the backup's revision; return its tables with the backup's."""
    for table in tables.tables(conn):
        if not tables.is_empty(conn, table):
            raise Refused("not-empty", table=table.name)
    try:
        migrate.upgrade_within(conn, packages, manifest.revisions)
    except SchemaNewer as error:
        raise Refused("newer", release=manifest.release) from error
    if migrate.revisions_of(conn) != manifest.revisions:
        raise Refused("other-revision")
    tables.wait_with_references(conn)
    # What the migrations themselves put there is in the backup too, as it was by then.
    tables.clear(conn, tables.tables(conn))
    return _paired(conn, manifest)


def _paired(conn: Connection, manifest: Manifest) -> list[tuple[Table, TableEntry]]:
    there = {table.name: table for table in tables.tables(conn)}
    for name, entry in manifest.tables.items():
        table = there.get(name)
        if (table is None and entry.rows) or (table and table.columns != entry.columns):
            raise Refused("other-columns", table=name)
    return [
        (table, manifest.tables[name]) for name, table in there.items() if name in manifest.tables
    ]


def _load(
    conn: Connection,
    table: Table,
    entry: TableEntry,
    folder: Path,
    told: Told,
    make_room: MakeRoom | None,
) -> None:
    done = 0
    for frame in folders.read_parts(folder, table.name, entry):
        if make_room is not None:
            make_room(conn, table.name, frame)
        tables.fill(conn, table, frame.select(*table.columns))
        done += frame.height
        told(Step(LOAD, table.name, done, entry.rows))


def _verify(
    conn: Connection,
    table: Table,
    entry: TableEntry,
    folder: Path,
    told: Told,
) -> None:
    """Compare what *table* holds with the backup, row by row in the order of its key."""
    kept, done = tables.Cursor(conn, table), 0
    for frame in folders.read_parts(folder, table.name, entry):
        if not frame.select(*table.columns).equals(kept.take(frame.height)):
            raise Refused("unequal", table=table.name, first=done + 1, last=done + frame.height)
        done += frame.height
        told(Step(VERIFY, table.name, done, entry.rows))
    if kept.take(1).height:
        raise Refused("unequal", table=table.name, first=done + 1, last=done + 1)
