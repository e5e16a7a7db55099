"""`kembar backup`, `restore` and `migrate-store`, as an operator runs them."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
import time
import uuid
from contextlib import closing

import httpx
import psycopg
import pytest

from tests.loopback import PLAIN

SERVICES = ("waste", "water", "air")
FILES = {
    "waste": "waste-bandung-generated-2015-2021.csv",
    "water": "water-black-earth-creek-2023.csv",
    "air": "air-hanoi-pm25-2016.csv",
}
REPORT = "bandung-kawasaki_2023_1"
NEW = "station,parameter,time,value,unit\nCPM-01,bod,2023-09-05T10:00:00-05:00,6.5,mg/L\n"


@pytest.fixture(scope="module")
def server(postgres_server):
    """Give a server on which the databases of the four processes may be made and dropped."""
    with psycopg.connect(postgres_server, autocommit=True) as conn:
        role = f"kembar_{uuid.uuid4().hex[:8]}"
        conn.execute(f"CREATE ROLE {role} LOGIN CREATEDB PASSWORD 'canary'")
    place = postgres_server.rpartition("/")[0].rpartition("@")[2]
    yield f"postgresql://{role}:canary@{place}/"
    with psycopg.connect(postgres_server, autocommit=True) as conn:
        for name in ("gateway", *SERVICES):
            conn.execute(f"DROP DATABASE IF EXISTS kembar_{name} WITH (FORCE)")
        conn.execute(f"DROP ROLE {role}")


@pytest.fixture(scope="module")
def kembar(tmp_path_factory):
    """Return a function: arguments -> the ended command."""

    def run(*arguments):
        return subprocess.run(
            [sys.executable, "-m", "kembar_client", *map(str, arguments), "--lang", "en"],
            cwd=tmp_path_factory.getbasetemp(),
            env=os.environ,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    return run


@pytest.fixture(scope="module")
def loaded(with_stations, sample):
    for service, file in FILES.items():
        answer = with_stations.upload(service, (sample / file).read_bytes())
        assert answer.status_code == 201, answer.text
    publish(with_stations)
    return with_stations


@pytest.fixture(scope="module")
def backup(loaded, kembar, tmp_path_factory):
    """Give the folder of a backup that was taken while everything ran, and what was said."""
    folder = tmp_path_factory.mktemp("saved") / "backup"
    done = kembar("backup", folder, "--var", loaded.var, "--json", "--verify")
    assert done.returncode == 0, done.stderr
    return folder, json.loads(done.stdout)


def publish(up):
    """Let one office make the report of 2023, another review it, and the first publish it."""
    wanted = {"cooperation": "bandung-kawasaki", "period": "2023"}
    made = up.as_("admin").post("/v1/reports", json=wanted)
    assert (made.status_code, made.json().get("code")) == (201, REPORT), made.text
    for role, step in (("planner", "review"), ("admin", "publish")):
        answer = up.as_(role).post(f"/v1/reports/{REPORT}/{step}")
        assert answer.status_code == 200, answer.text


def published(up):
    """Return the bytes of the report in every form, as anybody gets them."""
    forms = {}
    for form in ("json", "csv", "xml", "zip"):
        answer = httpx.get(f"http://127.0.0.1:{up.port}/v1/reports/{REPORT}.{form}", **PLAIN)
        assert answer.status_code == 200, answer.text
        forms[form] = answer.content
    return forms


def seen(up):
    """What a reader sees of everything that was uploaded, and of what was published."""
    return {"reports": published(up)} | {
        service: [
            read(up, f"/{service}/v1/{path}")
            for path in ("stations", "measurements?limit=10000", "measurements/latest")
        ]
        for service in SERVICES
    }


def read(up, path):
    """Read as any client does: a service that has just started may still wait for keys."""
    deadline = time.monotonic() + 20
    while (answer := up.as_("overseer").get(path)).status_code == 503:
        assert time.monotonic() < deadline, answer.text
        time.sleep(int(answer.headers["Retry-After"]))
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_the_backup_names_what_it_holds(backup, loaded):
    folder, said = backup

    assert said["processes"]["air"]["tables"]["measurement"] == 8322
    assert said["processes"]["gateway"]["files"] == ["audit.key", "credentials.json", "keys.json"]
    assert said["processes"]["air"]["files"] == ["audit.key"]
    secret = json.loads((loaded.var / "keys.json").read_text())
    assert json.loads((folder / "gateway" / "files" / "keys.json").read_text()) == secret
    files = [file for file in folder.rglob("*") if file.is_file()]
    assert {file.stat().st_mode & 0o077 for file in files} == {0}


def test_every_trail_is_whole_and_goes_on_from_its_backup(backup, loaded, kembar, sample):
    again = loaded.upload("water", (sample / FILES["water"]).read_bytes())
    assert (again.status_code, again.json()["inserted"]) == (201, 0)
    done = kembar("audit", "verify", "--var", loaded.var, "--backup", backup[0], "--json")

    assert done.returncode == 0, done.stdout
    told = json.loads(done.stdout)["processes"]
    assert {answer["entries"] > 0 for answer in told.values()} == {True}
    read = loaded.as_("overseer").get("/water/v1/audit", params={"action": "upload"}).json()
    assert read["items"][-1]["subject"] == again.json()["id"]
    assert all(answer["witnesses"] >= 2 and not answer["faults"] for answer in told.values())


def test_a_trail_that_was_edited_is_named(backup, kembar, tmp_path):
    place = tmp_path / "edited"
    assert kembar("restore", backup[0], "--var", place).returncode == 0
    with closing(sqlite3.connect(place / "water.sqlite")) as conn:
        conn.execute("UPDATE audit_entry SET client = 'nobody' WHERE seq = 1")
        conn.execute("DELETE FROM audit_entry WHERE seq > 2")
        conn.commit()

    done = kembar("audit", "verify", "--var", place, "--backup", backup[0])
    assert done.returncode == 1
    assert "water: Entry 1 was edited." in done.stdout
    assert "water: The end was cut off: entries 3 to " in done.stdout
    assert done.stderr == "kembar: Not as it was written: the audit trail of water.\n"
    (place / "air.sqlite").rename(place / "away.sqlite")
    (place / "water.sqlite").unlink()
    done = kembar("audit", "verify", "--var", place)
    assert done.returncode == 3
    assert "Traceback" not in done.stderr
    assert "water, air could not be read" in done.stderr


def test_a_city_is_restored_and_moved_to_postgresql(
    backup, loaded, kembar, server, up_in, tmp_path
):
    expected, folder, new = seen(loaded), backup[0], tmp_path / "new"

    done = kembar("restore", folder, "--var", new)
    assert done.returncode == 0, done.stderr
    assert "every row was read back and compared" in " ".join(done.stdout.split())
    with up_in(new) as up:
        assert seen(up) == expected
        assert up.upload("water", NEW).status_code == 201
        expected = seen(up)
        busy = kembar("migrate-store", "--var", new, "--to", server)
        assert busy.returncode == 3
        assert "Stop it" in busy.stderr

    (new / "moving-killed").mkdir()
    before = {file.name: file.read_bytes() for file in new.glob("*.sqlite")}
    done = kembar("migrate-store", "--var", new, "--to", server)
    assert done.returncode == 0, done.stderr
    assert "canary" not in done.stdout + done.stderr
    assert not list(new.glob("moving-*"))
    with up_in(new, "--database", server) as up:
        assert seen(up) == expected
        corrected = NEW.replace("6.5", "6.6")
        assert up.upload("water", corrected).json()["corrected"] == 1
    assert {file.name: file.read_bytes() for file in new.glob("*.sqlite")} == before

    again = kembar("migrate-store", "--var", new, "--to", server)
    assert again.returncode == 1
    assert "is not empty" in again.stderr


def test_where_one_database_is_in_use_none_is_restored(backup, kembar, tmp_path):
    place = tmp_path / "half"
    assert kembar("restore", backup[0], "--var", place).returncode == 0
    for name in ("gateway", "waste", "air"):
        (place / f"{name}.sqlite").unlink()

    done = kembar("restore", backup[0], "--var", place, "--json")

    assert done.returncode == 1
    assert "water: The database is not empty" in json.loads(done.stdout)["title"]
    (place / "water.sqlite").unlink()
    assert kembar("restore", backup[0], "--var", place).returncode == 0


def test_a_killed_restore_is_done_in_all_databases_or_in_none(backup, kembar, tmp_path):
    place = tmp_path / "killed"
    process = subprocess.Popen(
        [sys.executable, "-m", "kembar_client", "restore", backup[0], "--var", place],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    deadline = time.monotonic() + 30
    while not (place / "air.sqlite").exists():
        assert time.monotonic() < deadline
        time.sleep(0.01)
    process.kill()
    process.wait()

    # The four end with it, so a second restore finds nothing in its way.
    while (again := kembar("restore", backup[0], "--var", place)).returncode == 3:
        assert time.monotonic() < deadline, again.stderr
    assert again.returncode == 0, again.stderr


def test_a_changed_backup_is_refused(backup, kembar, tmp_path):
    folder = backup[0]
    file = folder / "water" / "manifest.json"
    content = file.read_text()
    file.write_text(content.replace('"rows": 36', '"rows": 35'))
    try:
        done = kembar("restore", folder, "--var", tmp_path / "new")
    finally:
        file.write_text(content)

    assert done.returncode == 1
    assert "was changed" in done.stderr
    assert not (tmp_path / "new").exists()


def test_what_cannot_be_is_a_usage_error(backup, loaded, kembar, tmp_path):
    nowhere = kembar("backup", tmp_path / "new", "--var", tmp_path / "nothing")
    in_use = kembar("backup", backup[0], "--var", loaded.var)
    to = kembar("migrate-store", "--var", loaded.var, "--to", "sqlite")
    beneath_a_file = kembar("backup", backup[0] / "backup.json" / "new", "--var", loaded.var)

    assert beneath_a_file.returncode == 3
    assert "Traceback" not in beneath_a_file.stderr
    assert [done.returncode for done in (nowhere, in_use, to)] == [2, 2, 2]
    assert not (tmp_path / "new").exists()
    assert kembar("restore", tmp_path, "--var", tmp_path / "other").returncode == 1


def test_an_unreachable_server_leaves_no_half_backup(loaded, kembar, tmp_path):
    away = "postgresql://kembar:canary@127.0.0.1:1/"
    done = kembar("backup", tmp_path / "new", "--var", loaded.var, "--database", away)

    assert done.returncode == 3
    assert "canary" not in done.stderr
    assert list((tmp_path / "new").iterdir()) == []
