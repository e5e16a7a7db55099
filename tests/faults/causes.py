"""What may befall a database, each as a context: it holds inside, and is mended after."""

from __future__ import annotations

import contextlib
import resource
import sqlite3
import subprocess
from collections.abc import Iterator
from pathlib import Path

import psycopg

from tests.faults.processes import Water
from tests.postgres_server import PostgresServer


@contextlib.contextmanager
def small_disk(folder: Path, mebibytes: int) -> Iterator[bool]:
    """Mount a small disk at *folder*; say whether we may."""
    folder.mkdir(parents=True)
    size = f"size={mebibytes}m"
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", size, "tmpfs", str(folder)],
        capture_output=True,
        check=False,
    )
    try:
        yield mounted.returncode == 0
    finally:
        if mounted.returncode == 0:
            subprocess.run(["umount", "--lazy", str(folder)], check=True)


@contextlib.contextmanager
def full(folder: Path) -> Iterator[None]:
    """Fill the disk of *folder* to the last byte."""
    filler = folder / "filler"
    with filler.open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while True:
            file.write(bytes(4096))
    try:
        yield
    finally:
        filler.unlink()


@contextlib.contextmanager
def small_files(water: Water, size: int) -> Iterator[None]:
    """Let the service write no file beyond *size* bytes."""
    assert water.process is not None
    _, hard = resource.prlimit(water.process.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(water.process.pid, resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.prlimit(water.process.pid, resource.RLIMIT_FSIZE, (hard, hard))


@contextlib.contextmanager
def moved_away(path: Path) -> Iterator[None]:
    """Move a file or folder away."""
    away = path.with_name(path.name + ".away")
    path.rename(away)
    try:
        yield
    finally:
        away.rename(path)


@contextlib.contextmanager
def locked_file(file: Path) -> Iterator[None]:
    """Hold the write lock of a SQLite database."""
    with contextlib.closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        yield
        other.execute("ROLLBACK")


@contextlib.contextmanager
def stopped(server: PostgresServer) -> Iterator[None]:
    """Stop the server."""
    server.stop()
    try:
        yield
    finally:
        server.start()


@contextlib.contextmanager
def frozen(server: PostgresServer) -> Iterator[None]:
    """Freeze the server; connections stay open."""
    server.freeze()
    try:
        yield
    finally:
        server.thaw()


@contextlib.contextmanager
def locked_tables(url: str) -> Iterator[None]:
    """Hold exclusive locks of every table."""
    with psycopg.connect(url) as other:
        tables = other.execute(
            "SELECT string_agg(quote_ident(tablename), ', ') FROM pg_tables"
            " WHERE schemaname = 'public'"
        ).fetchone()
        assert tables is not None
        other.execute(f"LOCK TABLE {tables[0]} IN ACCESS EXCLUSIVE MODE")
        yield
        other.rollback()


@contextlib.contextmanager
def demoted(server: PostgresServer) -> Iterator[None]:
    """Make the server a standby, as after a failover: it answers, and refuses to write."""
    server.demote()
    try:
        yield
    finally:
        server.promote()


@contextlib.contextmanager
def closed_to_all(url: str) -> Iterator[None]:
    """End every connection to the database and let nobody in."""
    name = url.rpartition("/")[2]
    with psycopg.connect(url.rpartition("/")[0] + "/postgres", autocommit=True) as other:
        other.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
        other.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", (name,)
        )
        try:
            yield
        finally:
            other.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")
