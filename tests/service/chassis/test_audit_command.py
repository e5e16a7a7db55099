"""`kembar-… audit verify`, and what keeps a trail with its key."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time

import pytest
from pydantic import SecretStr

from kembar_shared.chassis.audit import UPLOAD, Entry, Trail, append, store, witness
from kembar_shared.chassis.audit.refusals import Kind, Refusal
from kembar_shared.chassis.audit.trail import KeyUnreadable, open_key
from kembar_shared.chassis.database import connect, reading, writing
from kembar_shared.chassis.problems import DatabaseUnavailable
from kembar_shared.chassis.settings import Settings
from tests.service.chassis.test_cli import PROGRAM

PACKAGES = ["kembar_shared.chassis"]
on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
on_postgresql = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)


@pytest.fixture
def schema():
    return PACKAGES


@pytest.fixture
def settings(database_url, audit_key_file):
    return Settings(database_url=SecretStr(database_url), audit_key_file=audit_key_file)


@pytest.fixture
def engine(database_url):
    engine = connect(database_url, timeout_s=10)
    yield engine
    engine.dispose()


@pytest.fixture
def trail(engine, settings):
    return Trail(engine, settings)


@pytest.fixture
def write(engine, trail):  # noqa: ARG001  it gives the engine its trail
    """Return a function: number -> so many entries are appended, each by itself."""

    def append_some(number):
        for n in range(number):
            with writing(engine) as conn:
                append(conn, [Entry(UPLOAD, "agent", f"u{n}")])

    return append_some


@pytest.fixture
def command(settings, tmp_path):
    """Return a function: arguments -> the ended command."""

    def run(*arguments, **environment):
        return subprocess.run(
            [sys.executable, "-c", PROGRAM, *map(str, arguments)],
            env={
                "PATH": os.environ["PATH"],
                "KEMBAR_PORT": "0",
                "KEMBAR_DATABASE_URL": settings.database_url.get_secret_value(),
                "KEMBAR_AUDIT_KEY_FILE": str(settings.audit_key_file),
                **environment,
            },
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    return run


@on_sqlite
def test_a_whole_trail_is_said_to_be_so(command, write, trail):
    empty = command("audit", "verify")
    write(5)
    trail.settle()
    whole = command("audit", "verify", "--at-least", 5)

    assert (empty.returncode, whole.returncode) == (0, 0)
    assert whole.stdout == (
        "well: The audit trail is as it was written: 5 entries, "
        "compared with 1 heads kept elsewhere.\n"
    )


@on_sqlite
def test_what_is_wrong_is_said_in_the_readers_language_and_for_scripts(command, write, engine):
    write(5)
    with engine.begin() as conn:
        conn.exec_driver_sql("UPDATE audit_entry SET result = 'x' WHERE seq = 2")
        conn.exec_driver_sql("DELETE FROM audit_entry WHERE seq = 4")

    said = command("audit", "verify", "--lang", "id")
    assert said.returncode == 1
    assert said.stdout.splitlines()[1:] == [
        "well: Entri 2 telah diubah.", "well: Entri 4 sampai 4 telah dihapus."
    ]  # fmt: skip
    told = command("audit", "verify", "--json")
    assert told.returncode == 1
    answer = json.loads(told.stdout)
    assert [(f["kind"], f["first"]) for f in answer["faults"]] == [("edited", 2), ("deleted", 4)]
    assert answer["entries"] == 4


def test_a_cut_tail_is_known_by_a_backup_a_log_and_a_number(command, write, engine, tmp_path):
    write(3)
    with reading(engine) as conn:
        earlier = store.head(conn)
    write(3)
    assert command("backup", tmp_path / "backup").returncode == 0
    with reading(engine) as conn:
        head = store.head(conn)
    (tmp_path / "well.log").write_text(json.dumps({"event": "audit-head", **head._asdict()}))
    with engine.begin() as conn:
        conn.exec_driver_sql("DELETE FROM audit_entry WHERE seq > 3")
        conn.exec_driver_sql(
            f"UPDATE audit_head SET seq = 3, at_us = {earlier.at_us}, hash = '{earlier.hash}', "
            f"mac = '{earlier.mac}'"
        )

    manifest = tmp_path / "backup" / "manifest.json"
    assert json.loads(manifest.read_text())["audit"]["seq"] == 6
    assert command("audit", "verify").returncode == 0
    for more in (
        ("--witness", manifest), ("--witness", tmp_path / "well.log"), ("--at-least", 6)
    ):  # fmt: skip
        done = command("audit", "verify", *more)
        assert done.returncode == 1, more
        assert "entries 4 to 6 are missing" in done.stdout


def test_a_trail_is_restored_with_its_key_and_goes_on(command, write, tmp_path, request):
    write(3)
    assert command("backup", tmp_path / "backup").returncode == 0
    new = {
        "KEMBAR_DATABASE_URL": f"sqlite:///{tmp_path}/new.sqlite",
        "KEMBAR_AUDIT_KEY_FILE": f"{tmp_path}/new/audit.key",
    }

    assert command("restore", tmp_path / "backup", **new).returncode == 0
    copy = connect(new["KEMBAR_DATABASE_URL"], timeout_s=10)
    request.addfinalizer(copy.dispose)
    Trail(copy, Settings(audit_key_file=tmp_path / "new" / "audit.key"))
    with writing(copy) as conn:
        append(conn, [Entry(UPLOAD, "agent", "more")])
    done = command("audit", "verify", "--witness", tmp_path / "backup" / "manifest.json", **new)
    assert done.returncode == 0, done.stdout


@on_sqlite
def test_what_cannot_be_read_is_no_verdict(command, write, settings, tmp_path):
    write(1)
    away = command("audit", "verify", KEMBAR_DATABASE_URL="postgresql://k:hush@127.0.0.1:1/k")
    nowhere = command("audit", "verify", KEMBAR_DATABASE_URL=f"sqlite:///{tmp_path}/no.sqlite")
    absent = command("audit", "verify", "--witness", tmp_path / "absent", "--json")
    settings.audit_key_file.write_text("no key\n")
    odd = command("audit", "verify")

    for done in (away, nowhere, absent, odd):
        assert done.returncode == 3, done.stdout
        assert "Traceback" not in done.stderr
        assert "hush" not in done.stderr
    assert "failed" in json.loads(absent.stdout)
    assert not (tmp_path / "no.sqlite").exists()


@on_sqlite
def test_a_trail_without_its_key_is_not_served_and_not_verified(command, write, settings):
    write(2)
    settings.audit_key_file.rename(settings.audit_key_file.with_suffix(".away"))

    verified, served = command("audit", "verify"), command("serve")
    assert verified.returncode == 1
    assert f"The key {settings.audit_key_file} is missing" in verified.stdout
    assert served.returncode == 3
    assert "its key" in served.stderr
    assert not settings.audit_key_file.exists()
    settings.audit_key_file.write_text("00" * 32)
    other = command("audit", "verify")
    assert other.returncode == 1
    assert "Nothing here was written with this key" in other.stdout


def test_a_key_is_made_once_for_its_owner_alone(tmp_path):
    file = tmp_path / "new" / "audit.key"

    assert open_key(file) == open_key(file)
    assert len(open_key(file)) == 32
    assert file.stat().st_mode & 0o777 == 0o600
    file.write_text("abcd")
    with pytest.raises(KeyUnreadable):
        open_key(file)


def test_entries_go_with_their_transaction(engine, write):
    write(1)
    with writing(engine) as conn:
        append(conn, [Entry(UPLOAD, "agent", "never")])
        conn.rollback()
    write(1)

    with reading(engine) as conn:
        assert [row.seq for row in store.every(conn)] == [1, 2]


def test_a_trail_whose_head_is_gone_takes_nothing_more(engine, write):
    write(1)
    with engine.begin() as conn:
        conn.exec_driver_sql("DELETE FROM audit_head")

    with pytest.raises(DatabaseUnavailable):
        write(1)


def test_an_engine_without_a_trail_is_a_mistake(engine):
    with pytest.raises(store.NoTrail), writing(engine) as conn:
        append(conn, [])


def test_refusals_wait_for_a_database_that_is_away_and_are_written_at_the_end(
    engine, trail, settings
):
    with engine.begin() as conn:
        conn.exec_driver_sql("ALTER TABLE audit_entry RENAME TO elsewhere")
    trail.start()
    for _ in range(7):
        kind = Kind("refused", None, "::1", "GET /v1/x", "unauthenticated")
        trail.refuse(Refusal(kind, "request-1"))
    time.sleep(1.5)
    with engine.begin() as conn:
        conn.exec_driver_sql("ALTER TABLE elsewhere RENAME TO audit_entry")
    trail.stop()

    with reading(engine) as conn:
        (row,) = store.every(conn)
        head = store.head(conn)
    assert (row.n, row.request_id, row.result) == (7, "request-1", "unauthenticated")
    (kept,) = witness.read(witness.beside(settings.audit_key_file))
    assert kept.head == head


@on_sqlite
def test_the_roles_of_postgresql_are_none_of_sqlites(command):
    done = command("migrate", "--grant", "someone")

    assert done.returncode == 2
    assert "SQLite knows no roles" in done.stderr


@on_postgresql
@pytest.mark.parametrize(
    ("role", "reason"),
    [("nobody at all", "there is no role nobody at all"), ("", "is the owner of the tables")],
)
def test_rights_are_for_a_role_that_is_another(command, database_url, role, reason):
    owner = database_url.partition("//")[2].partition("@")[0].partition(":")[0]
    done = command("migrate", "--grant", role or owner)

    assert done.returncode == 1
    assert reason in done.stderr
    assert done.stderr.count("\n") == 1
