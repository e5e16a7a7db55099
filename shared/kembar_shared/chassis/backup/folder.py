"""A backup as a folder: Parquet files of rows, secret files, and a manifest written last.

    manifest.json                     what follows, with the digest of every file
    tables/measurement/00001.parquet  rows of the table `measurement`, in the order of its key
    files/keys.json                   what the process keeps beside its database

Everything is readable by its owner alone. A folder without a manifest is no backup.
"""

from __future__ import annotations

import hashlib
import io
import os
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, Literal

import polars as pl
from pydantic import BaseModel, ConfigDict, StringConstraints, ValidationError

from kembar_shared.chassis.backup.refusals import Refused
from kembar_shared.chassis.backup.tables import KINDS

if TYPE_CHECKING:
    from collections.abc import Iterator

FORMAT: Final = 1
MANIFEST: Final = "manifest.json"
FILES: Final = "files"
VERIFYING: Final = "verifying-"
"""What the name of a fresh place begins with, into which a backup is restored for comparison."""

Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_.-]*$")]


class _Entry(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class Part(_Entry):
    """One Parquet file of a table."""

    rows: int
    sha256: str


class TableEntry(_Entry):
    """One table: what its columns hold, and the files of its rows.

    `counter` is the last number the database had given out, where it counts rows up.
    """

    columns: dict[str, str]
    rows: int
    counter: int | None
    parts: list[Part]


class AuditHead(_Entry):
    """The end of the audit trail: number, instant and hash of its newest entry, signed."""

    seq: int
    at_us: int
    hash: str
    mac: str


class Manifest(_Entry):
    """What a backup of one process consists of.

    `files` are the digests of what lay beside the database, by name; `audit` is the signed head of
    the audit trail, None where it had not begun.
    """

    format: Literal[1]
    service: str
    release: str
    made_at: datetime
    database: str
    revisions: list[str]
    tables: dict[Name, TableEntry]
    files: dict[Name, str]
    audit: AuditHead | None = None


class _Header(_Entry):
    format: int
    release: str


def create(folder: Path) -> None:
    """Make *folder* for its owner alone.

    Raises:
        Refused: Something lies in it already.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if any(folder.iterdir()):
        raise Refused("folder-in-use", folder=folder)


def write_part(folder: Path, table: str, number: int, frame: pl.DataFrame) -> Part:
    """Write the part *number*, from 1, of *table*."""
    content = io.BytesIO()
    frame.write_parquet(content, compression="zstd", statistics=False)
    place = _part(folder, table, number)
    place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    return Part(rows=frame.height, sha256=write_file(place, content.getvalue()))


def read_parts(folder: Path, name: str, entry: TableEntry) -> Iterator[pl.DataFrame]:
    """Yield the rows of the table *name* as they were written.

    Raises:
        Refused: A file is missing, or is not as it was written.
    """
    schema = {column: KINDS.get(kind) for column, kind in entry.columns.items()}
    total = 0
    for number, part in enumerate(entry.parts, 1):
        place = _part(folder, name, number)
        frame = pl.read_parquet(io.BytesIO(read_file(place, part.sha256)))
        if dict(frame.schema) != schema or frame.height != part.rows:
            raise Refused("damaged", file=place)
        total += frame.height
        yield frame
    if total != entry.rows:
        raise Refused("damaged", file=folder / MANIFEST)


def write_manifest(folder: Path, manifest: Manifest) -> str:
    """Write *manifest*, which makes *folder* a backup, and return its digest."""
    digest = write_file(folder / MANIFEST, manifest.model_dump_json(indent=1).encode())
    sync(folder)
    return digest


def read_manifest(folder: Path) -> Manifest:
    """Return the manifest of *folder*.

    Raises:
        Refused: There is none, it is not as we write it, or a newer release wrote it.
    """
    place = folder / MANIFEST
    try:
        content = place.read_bytes()
        header = _Header.model_validate_json(content)
        if header.format > FORMAT:
            raise Refused("newer", release=header.release)
        return Manifest.model_validate_json(content)
    except FileNotFoundError as error:
        raise Refused("incomplete", folder=folder) from error
    except ValidationError as error:
        raise Refused("damaged", file=place) from error


def write_file(place: Path, content: bytes) -> str:
    """Write a new file for its owner alone, on the disk when this returns; give its SHA-256."""
    descriptor = os.open(place, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    sync(place.parent)
    return hashlib.sha256(content).hexdigest()


def read_file(place: Path, sha256: str) -> bytes:
    """Return the content of a file whose digest is *sha256*.

    Raises:
        Refused: It is missing, or its digest is another.
    """
    try:
        content = place.read_bytes()
    except FileNotFoundError as error:
        raise Refused("damaged", file=place) from error
    if hashlib.sha256(content).hexdigest() != sha256:
        raise Refused("damaged", file=place)
    return content


def _part(folder: Path, table: str, number: int) -> Path:
    return folder / "tables" / table / f"{number:05}.parquet"


def sync(folder: Path) -> None:
    """Bring on the disk which files *folder* has."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
