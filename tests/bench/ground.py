"""What every case stands on: servers that are up, a folder, and how often to try."""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psycopg

from tests.bench import product
from tests.bench.results import Result
from tests.postgres_server import PostgresServer

POSTGRESQL = ("shared_buffers=2GB", "max_wal_size=4GB", "checkpoint_timeout=15min")
"""Everything else as it comes: fsync, synchronous_commit and full_page_writes are on."""


@dataclass
class Ground:
    """What the cases share.

    Attributes:
        gateway: A running gateway.
        postgres_url: A PostgreSQL server that may be given new databases.
        folder: For everything on SQLite, and the floors.
        databases: `postgresql`, `sqlite` or both.
        rounds: How often each case runs, in turn with what it is compared with.
        results: What was found so far.
    """

    gateway: product.Gateway
    postgres_url: str
    folder: Path
    databases: Sequence[str]
    rounds: int
    results: list[Result] = field(default_factory=list)

    def found(self, *results: Result) -> None:
        """Take what a case found."""
        self.results += results

    def say(self, text: str) -> None:
        """Tell who waits what is going on."""
        print(f"  {text}", file=sys.stderr, flush=True)

    def postgres_version(self) -> str:
        """Return the server's version."""
        with psycopg.connect(self.postgres_url) as conn:
            return str(conn.execute("SHOW server_version").fetchone()[0])


@contextmanager
def prepared(
    place: Path | None, named: str | None, databases: Sequence[str], rounds: int
) -> Iterator[Ground]:
    """Start what the cases need in a new folder below *place*; take it away afterwards.

    Args:
        place: Where the folder is made; None: where temporary files go.
        named: URL of a PostgreSQL server to use instead of one of our own.
        databases: What to measure on.
        rounds: How often.
    """
    with ExitStack() as stack:
        folder = Path(tempfile.mkdtemp(prefix="kembar-bench-", dir=place))
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        if named is None:
            own = Path(tempfile.mkdtemp(prefix="kembar-bench-pg-", dir=place))
            stack.callback(shutil.rmtree, own, ignore_errors=True)
            named = stack.enter_context(PostgresServer(own, POSTGRESQL)).url
        gateway = stack.enter_context(product.gateway(folder))
        yield Ground(gateway, named, folder, databases, rounds)
