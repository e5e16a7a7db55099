"""`kembar-<service> backup` and `restore` as an operator, or `kembar`, runs them."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys

import psycopg
import pytest
import sqlalchemy as sa

from kembar_shared.chassis import migrate
from kembar_shared.chassis.database import connect, reading, writing

PROGRAM = """
from pathlib import Path
from kembar_shared.chassis import cli
from kembar_shared.chassis.settings import Settings

cli.run(
    "well", Settings, None, ["kembar_shared.chassis"],
    files=lambda settings: {"keys.json": Path("keys")},
)
"""
KEYS = sa.table("idempotency_key", *map(sa.column, ["client", "operation", "key", "fingerprint",
                                                    "status", "body", "created_at"]))  # fmt: skip


def start(folder, database_url, *arguments):
    folder.mkdir(exist_ok=True)
    return subprocess.Popen(
        [sys.executable, "-c", PROGRAM, *map(str, arguments)],
        env={"PATH": os.environ["PATH"], "KEMBAR_DATABASE_URL": database_url},
        cwd=folder,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def run(folder, *arguments):
    process = start(folder, *arguments)
    output, errors = process.communicate(timeout=60)
    return subprocess.CompletedProcess(arguments, process.returncode, output, errors)


@pytest.fixture
def command(tmp_path):
    """Return a function: folder and arguments -> the ended command, or one that is held."""

    def one(place, *arguments, held=False):
        return (start if held else run)(tmp_path / place, *arguments)

    return one


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Give the folder of a backup of 500 rows and a secret, made once."""
    folder = tmp_path_factory.mktemp("made")
    url = f"sqlite:///{folder}/origin.sqlite"
    engine = connect(url, timeout_s=10)
    migrate.upgrade(engine, ["kembar_shared.chassis"])
    with writing(engine) as conn:
        row = {"client": "c", "operation": "o", "fingerprint": "f", "status": 1, "body": "é"}
        row["created_at"] = "2023-04-04 00:00:00.000001"
        conn.execute(sa.insert(KEYS), [{**row, "key": f"{number}"} for number in range(500)])
    engine.dispose()
    (folder / "origin").mkdir()
    (folder / "origin" / "keys").write_text("canary")
    done = run(folder / "origin", url, "backup", folder / "backup")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == (
        "save audit_head: 1\nsave idempotency_key: 500\nwell: 501 rows of 4 tables\n"
    )
    return folder / "backup"


@pytest.fixture
def backup(made, tmp_path):
    """Give a folder of the test's own with that backup."""
    return shutil.copytree(made, tmp_path / "backup")


def tables_of(database_url):
    engine = connect(database_url, timeout_s=10)
    try:
        with writing(engine) as conn:
            return sa.inspect(conn).get_table_names()
    finally:
        engine.dispose()


def count(database_url):
    engine = connect(database_url, timeout_s=10)
    try:
        with reading(engine) as conn:
            return conn.execute(sa.select(sa.func.count()).select_from(KEYS)).scalar()
    finally:
        engine.dispose()


def events(output):
    return [json.loads(line) for line in output.splitlines()]


def test_a_restore_says_how_far_it_is_and_shows_no_secret(command, backup, database_url, tmp_path):
    done = command("copy", database_url, "restore", backup, "--json")

    assert (done.returncode, done.stderr) == (0, "")
    tables = {"audit_head": 1, "idempotency_key": 500}
    *steps, end = events(done.stdout)
    assert steps == [
        {"doing": doing, "table": table, "rows": rows, "total": rows}
        for doing in ("load", "verify")
        for table, rows in tables.items()
    ]
    assert end["done"]["tables"] == {"audit_entry": 0, "job_lease": 0, **tables}
    assert (tmp_path / "copy" / "keys").read_text() == "canary"
    assert "canary" not in done.stdout
    assert count(database_url) == 500


def test_a_restore_killed_before_its_commit_leaves_nothing(command, backup, database_url, tmp_path):
    process = command("copy", database_url, "restore", backup, "--json", "--hold", held=True)
    while json.loads(process.stdout.readline()) != {"held": True}:
        pass
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=20)

    assert process.returncode == -signal.SIGKILL
    assert tables_of(database_url) == []
    assert not (tmp_path / "copy" / "keys").exists()
    assert command("copy", database_url, "restore", backup).returncode == 0
    assert count(database_url) == 500


@pytest.mark.parametrize(("word", "rows"), [("commit\n", 500), ("", None), ("no\n", None)])
def test_a_held_restore_commits_only_when_told(command, backup, database_url, word, rows):
    process = command("copy", database_url, "restore", backup, "--hold", held=True)
    _, errors = process.communicate(word, timeout=20)

    if rows is None:
        assert (process.returncode, tables_of(database_url)) == (1, [])
        assert errors.startswith("well: Nothing was restored")
    else:
        assert (process.returncode, count(database_url)) == (0, rows)


def test_a_second_restore_is_refused_in_the_readers_language(command, backup, database_url):
    command("copy", database_url, "restore", backup)
    again = command("copy", database_url, "restore", backup, "--lang", "id")

    assert again.returncode == 1
    assert again.stderr.startswith("well: Basis data tidak kosong: tabel audit_head")
    assert count(database_url) == 500


def test_a_secret_may_be_left_out(command, made, tmp_path):
    url = f"sqlite:///{made.parent}/origin.sqlite"
    command(made.parent / "origin", url, "backup", tmp_path / "other", "--without", "keys.json")

    assert not (tmp_path / "other" / "files").exists()
    assert (made / "files" / "keys.json").read_text() == "canary"


def test_a_database_that_is_away_is_said(command, backup):
    url = "postgresql://kembar:hush@127.0.0.1:1/kembar"
    for task in ("backup", "restore"):
        done = command("copy", url, task, backup if task == "restore" else "new", "--json")

        assert (done.returncode, done.stderr) == (3, "")
        assert "failed" in events(done.stdout)[-1]
        assert "hush" not in done.stdout


def test_a_folder_that_cannot_be_written_is_said(command, made):
    url = f"sqlite:///{made.parent}/origin.sqlite"
    done = command(made.parent / "origin", url, "backup", made / "manifest.json" / "new")

    assert done.returncode == 3
    assert "manifest.json" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_server_that_only_reads_is_said(command, backup, postgres_url):
    with psycopg.connect(postgres_url, autocommit=True) as conn:
        conn.execute(
            "ALTER DATABASE " + conn.info.dbname + " SET default_transaction_read_only TO on"
        )

    done = command("copy", postgres_url, "restore", backup)

    assert done.returncode == 3
    assert "Traceback" not in done.stderr
