"""Every act leaves its entry in the trail, and nobody changes the trail unseen."""

from __future__ import annotations

import json
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest
import sqlalchemy as sa

from kembar_shared.chassis.audit import Head, store, witness
from kembar_shared.chassis.audit.trail import open_key
from kembar_shared.chassis.audit.verify import verify
from kembar_shared.chassis.database import connect, reading
from tests.service.measurement.conftest import HEADER, STATION

ROW = "CPM-01,bod,2026-01-{:02}T10:00:00+07:00,{},mg/L,,"
POST = {"station": "CPM-01", "parameter": "bod", "value": 6.5, "unit": "mg/L"}
PERIOD_S = 15.0
"""Longest wait for what is written on the side."""


@pytest.fixture
def overseer(water):
    with water("audit:read", client_id="overseer") as client:
        yield client


@pytest.fixture
def trail(overseer):
    """Return a function: query -> entries of the trail."""

    def ask(**query):
        answer = overseer.get("/v1/audit", params=query)
        assert answer.status_code == 200, answer.text
        return answer.json()["items"]

    return ask


@pytest.fixture
def engine(database_url):
    engine = connect(database_url, timeout_s=10)
    yield engine
    engine.dispose()


@pytest.fixture
def check(engine, audit_key_file):
    """Return a function: witnesses -> faults of the trail."""

    def faults(*witnesses):
        with reading(engine) as conn:
            rows = [*store.every(conn)]
            head = store.head(conn)
        found = verify(open_key(audit_key_file), rows, head, witnesses).faults
        return [(fault.kind, fault.first, fault.last) for fault in found]

    return faults


def named(entries):
    return [(e["action"], e["client"], e["subject"], e["result"], e["count"]) for e in entries]


def post(client, day, value=6.5, **headers):
    one = POST | {"time": f"2026-01-{day:02}T10:00:00+07:00", "value": value}
    return client.post("/v1/uploads", json={"measurements": [one]}, headers=headers)


def wait_for(trail, number, **query):
    deadline = time.monotonic() + PERIOD_S
    while len(found := trail(**query)) < number:
        assert time.monotonic() < deadline, found
        time.sleep(0.1)
    return found


def test_uploads_and_corrections_are_told_with_who_what_when_and_result(agent, upload, trail):
    before = datetime.now(UTC)
    first = upload(ROW.format(1, 6.5), ROW.format(2, 7)).json()
    second = upload(ROW.format(1, 6.6), ROW.format(2, "x")).json()
    small = post(agent, 3, **{"X-Request-ID": "small-post-1"}).json()
    refused = upload(ROW.format(1, "x")).json()["receipt"]

    entries = trail()
    assert named(entries) == [
        ("station", "tester", "CPM-01", "done", 1),
        ("station", "tester", "CPM-02", "done", 1),
        ("upload", "tester", first["id"], "done", 2),
        ("upload", "tester", second["id"], "done", 2),
        ("correction", "tester", second["id"], "done", 1),
        ("upload", "tester", small["id"], "done", 1),
        ("upload", "tester", refused["id"], "refused", 1),
    ]
    assert [entry["seq"] for entry in entries] == [*range(1, 8)]
    assert entries[3]["detail"] == {
        "inserted": 0, "unchanged": 0, "corrected": 1, "rejected": 1, "flagged": 0,
        "sha256": second["sha256"],
    }  # fmt: skip
    assert entries[5]["request_id"] == "small-post-1"
    assert all(len(entry["request_id"]) >= 8 for entry in entries)
    at = datetime.fromisoformat(entries[2]["at"])
    assert at.utcoffset() is not None
    assert before <= at <= datetime.now(UTC)


def test_reviews_retractions_and_stations_are_told(agent, water, upload, trail):
    receipt = upload(ROW.format(1, 6.5), ROW.format(2, 7)).json()
    with water("measurements:review", "measurements:read", client_id="r") as reviewer:
        judged = {"flag": 4, "reason": "Dry.", "stations": ["CPM-01"], "to": "2026-01-02"}
        review = reviewer.post("/v1/reviews", json=judged).json()
    path = f"/v1/uploads/{receipt['id']}/retraction"
    taken = agent.post(path, json={"reason": "By mistake."}).json()
    with water("stations:write") as operator:
        tag = operator.get("/v1/stations/CPM-01").headers["etag"]
        change = {"name": "Cipamokolan", "water_class": None}
        answer = operator.patch("/v1/stations/CPM-01", json=change, headers={"If-Match": tag})
        assert answer.status_code == 200

    review_told, retraction_told, station_told = trail()[3:]
    assert named([review_told]) == [("review", "r", review["id"], "done", 1)]
    assert review_told["detail"] == {"flag": 4, "upload": None}
    assert named([retraction_told]) == [("retraction", "tester", taken["id"], "done", 2)]
    assert retraction_told["detail"]["upload"] == receipt["id"]
    assert named([station_told]) == [("station", "tester", "CPM-01", "done", 1)]
    assert station_told["detail"] == {"set": change}


def test_what_is_taken_back_or_replayed_leaves_no_entry(agent, upload, trail, check):
    upload(ROW.format(1, 6.5))
    number = len(trail())

    upload(ROW.format(2, 7), dry_run=True)
    headers = {"Idempotency-Key": "once-and-again", "Content-Type": "text/csv"}
    for _ in range(3):
        agent.post("/v1/uploads", content=HEADER + ROW.format(4, 1), headers=headers)

    assert len(trail()) == number + 1
    assert check() == []


def test_refused_attempts_are_told_and_equal_ones_counted(agent, water, upload, trail, signing):
    receipt = upload(ROW.format(1, 6.5)).json()
    base = str(agent.base_url)
    with water() as nobody, water("measurements:review", "measurements:read") as own:
        for _ in range(5):
            assert nobody.get("/v1/measurements").status_code == 403
        nobody.headers["Authorization"] = f"Bearer {signing.token('audit:read')}x"
        assert nobody.get(f"{base}/v1/uploads/{receipt['id']}").status_code == 401
        judged = {"flag": 4, "reason": "Dry.", "stations": ["CPM-01"]}
        assert own.post("/v1/reviews", json=judged).status_code == 403
    with water("stations:write") as operator:
        assert operator.post("/v1/stations", json=STATION).status_code == 409
        assert operator.get("/v1/stations/NOWHERE").status_code == 404

    refused = wait_for(trail, 4, action="refused")
    found = {(e["client"], e["subject"], e["result"]): e for e in refused}
    assert set(found) == {
        ("tester", "GET /v1/measurements", "missing-scope"),
        (None, "GET /v1/uploads/{code}", "unauthenticated"),
        ("tester", "POST /v1/reviews", "own-upload"),
        ("tester", "POST /v1/stations", "station-exists"),
    }
    many = [e for e in refused if e["subject"] == "GET /v1/measurements"]
    assert sum(e["count"] for e in many) == 5
    unknown = found[None, "GET /v1/uploads/{code}", "unauthenticated"]
    assert unknown["detail"]["peer"] == "127.0.0.1"
    assert unknown["detail"]["named"] == {"code": receipt["id"]}
    assert datetime.fromisoformat(unknown["detail"]["since"]).utcoffset() is not None


def test_no_secret_gets_into_the_trail(water, trail, engine):
    secret = "kembar_" + "s3cret" * 6
    with water() as nobody:
        nobody.headers["Authorization"] = f"Bearer {secret}"
        nobody.get(f"/v1/stations/{secret}", params={"token": secret})
        nobody.post(f"/v1/uploads/{secret}/retraction", json={"reason": secret})
    wait_for(trail, 2, action="refused")

    with reading(engine) as conn:
        assert "s3cret" not in json.dumps([tuple(row) for row in store.every(conn)])


def test_the_trail_is_read_page_by_page_and_by_who_what_and_when(overseer, upload, trail):
    for day in range(1, 6):
        upload(ROW.format(day, day))
    everything = trail()
    pages, cursor = [], None
    while True:
        query = {"limit": 2} | ({"cursor": cursor} if cursor else {})
        answer = overseer.get("/v1/audit", params=query)
        pages += answer.json()["items"]
        cursor = answer.json()["next"]
        if cursor is None:
            break

    middle = everything[3]["at"]
    assert pages == everything
    assert [e["at"] < middle for e in trail(to=middle)] == [True] * 3
    assert trail(**{"from": middle}) == everything[3:]
    assert trail(**{"from": "2999-01-01"}) == trail(to="1999-01-01T00:00:00+07:00") == []
    assert trail(to="2999-01-01") == everything
    assert trail(client="tester") == everything
    assert trail(client="nobody") == []
    assert [e["action"] for e in trail(action="station")] == ["station"] * 2
    etag = answer.headers["etag"]
    again = overseer.get("/v1/audit", params=query, headers={"If-None-Match": etag})
    assert again.status_code == 304
    for query in ({"form": "2026"}, {"from": "x"}, {"from": "2026-01-01T00:00:00"},
                  {"cursor": "x"}, {"client": "a\0"}):  # fmt: skip
        assert overseer.get("/v1/audit", params=query).status_code == 400
    assert overseer.get("/v1/audit", params={"action": "x"}).status_code == 422


def test_nobody_reads_the_trail_without_the_scope_or_writes_it_at_all(agent, overseer):
    assert agent.get("/v1/audit").status_code == 403
    for method in ("POST", "PUT", "PATCH", "DELETE"):
        assert overseer.request(method, "/v1/audit").status_code == 405


def test_uploads_at_the_same_time_make_one_chain(agent, trail, check):
    with ThreadPoolExecutor(12) as pool:
        small = [pool.submit(post, agent, day, day) for day in range(1, 13)]
        files = [
            pool.submit(
                agent.post,
                "/v1/uploads",
                content=HEADER + ROW.format(day, day),
                headers={"Content-Type": "text/csv"},
            )
            for day in range(13, 25)
        ]
        receipts = [each.result() for each in (*small, *files)]

    assert {answer.status_code for answer in receipts} == {201}
    told = trail(action="upload")
    assert {e["subject"] for e in told} == {answer.json()["id"] for answer in receipts}
    assert len(told) == 24
    assert check() == []


HARM = {
    "edit": ("UPDATE audit_entry SET client = 'else' WHERE seq = 4", ("edited", 4, 4)),
    "count": ("UPDATE audit_entry SET count = count + 1 WHERE seq = 3", ("edited", 3, 3)),
    "deletion": ("DELETE FROM audit_entry WHERE seq IN (3, 4)", ("deleted", 3, 4)),
    "cut": ("DELETE FROM audit_entry WHERE seq > 5", ("cut", 6, 7)),
    "head": ("UPDATE audit_head SET seq = 5", ("head-altered", 5, 5)),
    "no head": ("DELETE FROM audit_head", ("head-missing", 7, 7)),
    "insertion": (
        "INSERT INTO audit_entry SELECT 8, at_us, client, action, subject, result, count, "
        "detail, request_id, hash FROM audit_entry WHERE seq = 7",
        ("edited", 8, 8),
    ),
}


@pytest.mark.parametrize("harm", HARM)
def test_whatever_is_done_behind_our_back_is_noticed(upload, engine, check, harm):
    for day in range(1, 6):
        upload(ROW.format(day, day))
    assert check() == []

    statement, fault = HARM[harm]
    with engine.begin() as conn:
        conn.exec_driver_sql(statement)

    assert fault in check()


def test_a_tail_cut_together_with_its_head_is_known_by_the_head_outside(
    upload, engine, check, audit_key_file, trail
):
    upload(ROW.format(1, 1))
    with reading(engine) as conn:
        earlier = store.head(conn)
    for day in range(2, 6):
        upload(ROW.format(day, day))
    outside = audit_key_file.with_suffix(".head")
    deadline = time.monotonic() + PERIOD_S
    while not outside.exists() or Head(**json.loads(outside.read_text())).seq < 7:
        assert time.monotonic() < deadline
        time.sleep(0.1)
    kept = outside.read_text()

    with engine.begin() as conn:
        conn.exec_driver_sql("DELETE FROM audit_entry WHERE seq > 3")
        conn.execute(
            sa.text("UPDATE audit_head SET seq=:seq, at_us=:at_us, hash=:hash, mac=:mac"),
            earlier._asdict(),
        )

    known = witness_in(outside)
    assert check() == []
    assert check(known) == [("cut", 4, 7)]
    # It stays so, however long the trail grows again.
    for day in range(10, 20):
        upload(ROW.format(day, day))
    time.sleep(2.5)
    assert ("replaced", 7, 7) in check(known)
    assert outside.read_text() == kept
    assert len(trail()) == 13


def witness_in(file):
    (found,) = witness.read(file)
    return found


def test_the_number_of_entries_is_a_metric(agent, upload, trail):
    upload(ROW.format(1, 1))

    text = agent.get("/metrics").text
    assert f"kembar_audit_entries {float(len(trail()))}" in text
