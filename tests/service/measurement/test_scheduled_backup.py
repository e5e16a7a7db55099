"""Backups by the clock, as two replicas of a service make them."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest
from pydantic import SecretStr

from kembar_shared.chassis.backup import folder as folders
from kembar_shared.chassis.backup.scheduled import Scheduled
from kembar_shared.chassis.database import connect
from kembar_water.settings import WaterSettings


def two_replicas(engine, database_url, folder):
    """Return two replicas that make a backup an hour, and keep the newest."""
    settings = WaterSettings(
        database_url=SecretStr(database_url),
        audit_key_file=folder / "audit.key",
        backup_folder=folder / "backups",
        backup_period_h=1,
        backups_kept=1,
    )
    settings.audit_key_file.write_text("ab" * 32 + "\n")
    return [Scheduled(engine, settings, service="water") for _ in range(2)]


@pytest.fixture
def engine(database_url):
    engine = connect(database_url, timeout_s=10)
    yield engine
    engine.dispose()


def names(folder):
    return sorted(each.name for each in (folder / "backups" / "water").iterdir())


def test_one_replica_makes_each_backup_and_the_oldest_go(engine, database_url, tmp_path):
    replicas = two_replicas(engine, database_url, tmp_path)
    for left in ("20200102T000000Z.partial", "verifying-abc", "not-ours"):
        (tmp_path / "backups" / "water" / left).mkdir(parents=True)

    assert [each.look() for each in replicas] == ["done", None]
    first, other = names(tmp_path)
    assert other == "not-ours"
    manifest = folders.read_manifest(tmp_path / "backups" / "water" / first)
    assert (manifest.service, sorted(manifest.files)) == ("water", ["audit.key"])
    assert "measurement" in manifest.tables

    with engine.begin() as conn:
        conn.exec_driver_sql("UPDATE job_lease SET done_s = done_s - 3600")
    assert [each.look() for each in reversed(replicas)] == ["done", None]
    second, _ = names(tmp_path)
    assert second > first


def test_a_backup_that_cannot_be_restored_gets_no_name(sqlite_url, tmp_path):
    engine = connect(sqlite_url, timeout_s=10)
    replicas = two_replicas(engine, sqlite_url, tmp_path)
    # A series of a station that is not there, as a fault of the disk may leave it.
    with closing(sqlite3.connect(sqlite_url.removeprefix("sqlite:///"))) as conn:
        conn.execute("PRAGMA foreign_keys = OFF")
        columns = [column[1] for column in conn.execute("PRAGMA table_info(series)")]
        row = {name: 99 if name.endswith("id") else "" for name in columns}
        marks = ", ".join(f":{name}" for name in columns)
        conn.execute(f"INSERT INTO series ({', '.join(columns)}) VALUES ({marks})", row)
        conn.commit()

    assert [each.look() for each in replicas] == ["failed", None]
    assert all(name.endswith(".partial") for name in names(tmp_path))
    engine.dispose()
