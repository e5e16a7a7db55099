"""Stations through the front door, on each database."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

NEW = {
    "code": "NEW-1",
    "name": "Curug",
    "kind": "river",
    "latitude": -6.9,
    "longitude": 107.6,
    "timezone": "Asia/Jakarta",
    "origin": "real",
}
JSON = {"Content-Type": "application/json"}


@pytest.fixture
def operator(water):
    with water("stations:write") as it:
        yield it


def test_a_wrong_method_is_told_all_the_right_ones(agent):
    answer = agent.delete("/v1/stations")

    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, POST")


def test_a_station_is_registered_read_and_changed(operator):
    made = operator.post("/v1/stations", json=NEW)
    read = operator.get(made.headers["Location"])
    change = {"name": "Curug Dago", "water_class": "II"}
    tag = {"If-Match": read.headers["ETag"]}
    changed = operator.patch("/v1/stations/NEW-1", json=change, headers=tag)
    late = operator.patch("/v1/stations/NEW-1", json=change, headers=tag)
    unnamed = operator.patch("/v1/stations/NEW-1", json=change)

    assert (made.status_code, read.json()["version"]) == (201, 1)
    assert made.json() == read.json()
    assert (changed.status_code, late.status_code, unnamed.status_code) == (200, 412, 428)
    assert changed.json() == read.json() | change | {"version": 2}


def test_a_code_is_registered_once(operator):
    key = {"Idempotency-Key": "station-0001"}
    first = operator.post("/v1/stations", json=NEW, headers=key)
    again = operator.post("/v1/stations", json=NEW, headers=key)
    other = operator.post("/v1/stations", json=NEW | {"name": "Dago"}, headers=key)
    keyless = operator.post("/v1/stations", json=NEW)

    assert [a.status_code for a in (first, again, other, keyless)] == [201, 200, 409, 409]
    assert again.json() == first.json() | {"replayed": True}


def test_a_replay_answers_as_the_first_time_though_the_station_was_changed(operator):
    key = {"Idempotency-Key": "station-0001"}
    first = operator.post("/v1/stations", json=NEW, headers=key)
    tag = {"If-Match": operator.get("/v1/stations/NEW-1").headers["ETag"]}
    changed = operator.patch("/v1/stations/NEW-1", json={"name": "Dago"}, headers=tag)
    again = operator.post("/v1/stations", json=NEW, headers=key)

    assert (changed.status_code, again.status_code) == (200, 200)
    assert again.json() == first.json() | {"replayed": True}


def test_a_key_belongs_to_one_registration(operator, water):
    key = {"Idempotency-Key": "station-0001"}
    operator.post("/v1/stations", json=NEW, headers=key)
    other = operator.post("/v1/stations", json=NEW | {"code": "NEW-2"}, headers=key)
    unknown = operator.post("/v1/stations", json=NEW, headers={"Idempotency-Key": "station-0002"})
    with water("stations:write", client_id="another") as another:
        theirs = another.post("/v1/stations", json=NEW | {"code": "NEW-2"}, headers=key)

    assert (other.status_code, other.json()["type"].split(":")[-1]) == (409, "idempotency-conflict")
    assert (unknown.status_code, unknown.json()["type"].split(":")[-1]) == (409, "station-exists")
    assert theirs.status_code == 201


@pytest.mark.parametrize("member", ["water_class", "altitude_m"])
def test_what_a_station_may_lack_can_be_cleared(operator, member):
    tag = {"If-Match": operator.get("/v1/stations/CPM-01").headers["ETag"]}
    cleared = operator.patch("/v1/stations/CPM-01", json={member: None}, headers=tag)

    assert (cleared.status_code, cleared.json()[member]) == (200, None)
    assert operator.get("/v1/stations/CPM-01").json() == cleared.json()


@pytest.mark.parametrize(
    "member", ["name", "kind", "latitude", "longitude", "jurisdiction", "note"]
)
def test_what_every_station_has_cannot_be_cleared(operator, member):
    before = operator.get("/v1/stations/CPM-01")
    tag = {"If-Match": before.headers["ETag"]}
    answer = operator.patch("/v1/stations/CPM-01", json={member: None}, headers=tag)

    assert answer.status_code == 422
    assert member in str(answer.json()["errors"])
    assert operator.get("/v1/stations/CPM-01").json() == before.json()


def test_simultaneous_registrations_make_one_station(operator):
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: operator.post("/v1/stations", json=NEW), range(8)))

    assert sorted(a.status_code for a in answers) == [201] + [409] * 7


def test_simultaneous_changes_count_once(operator):
    tag = {"If-Match": operator.get("/v1/stations/CPM-01").headers["ETag"]}

    def rename(number):
        change = {"name": f"name {number}"}
        return operator.patch("/v1/stations/CPM-01", json=change, headers=tag).status_code

    with ThreadPoolExecutor(8) as pool:
        statuses = sorted(pool.map(rename, range(8)))

    assert statuses == [200] + [412] * 7


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"code": "a b"}, "code"),
        ({"code": "X" * 65}, "code"),
        ({"code": "X\n"}, "code"),
        ({"code": 7}, "code"),
        ({"latitude": 91}, "latitude"),
        ({"latitude": "-6.9"}, "latitude"),
        ({"longitude": None}, "longitude"),
        ({"timezone": "WIB"}, "timezone"),
        ({"timezone": "Factory"}, "timezone"),
        ({"timezone": "../etc/passwd"}, "timezone"),
        ({"origin": "guess"}, "origin"),
        ({"name": "a\x00b"}, "name"),
        ({"name": "x" * 501}, "name"),
        ({"water_class": "V"}, "water_class"),
        ({"gold": 1}, "gold"),
    ],
)
def test_a_bad_member_is_named(operator, change, place):
    answer = operator.post("/v1/stations", json=NEW | change)

    assert answer.status_code == 422
    assert place in str(answer.json()["errors"])


@pytest.mark.parametrize(
    "text", ["", "null", "[]", "{", '"x"', '{"latitude": NaN}', '{"latitude": 1e999}',
             '{"latitude": -Infinity}', '{"name": "\\ud800"}'],
)  # fmt: skip
def test_a_body_that_is_no_station_is_the_senders_mistake(operator, text):
    tag = operator.get("/v1/stations/CPM-01").headers["ETag"]
    made = operator.post("/v1/stations", content=text, headers=JSON)
    changed = operator.patch("/v1/stations/CPM-01", content=text, headers=JSON | {"If-Match": tag})

    assert made.status_code == 422
    assert changed.status_code == 422


def test_a_narrowed_caller_sees_and_registers_only_its_own(water, operator):
    with water("stations:write", stations=["CPM-01", "MINE-*"]) as narrow:
        listed = [s["code"] for s in narrow.get("/v1/stations").json()["items"]]
        foreign = narrow.post("/v1/stations", json=NEW)
        own = narrow.post("/v1/stations", json=NEW | {"code": "MINE-1"})
        hidden = narrow.get("/v1/stations/CPM-02")
        unchanged = narrow.patch("/v1/stations/CPM-02", json={}, headers={"If-Match": "*"})

    assert listed == ["CPM-01"]
    assert (foreign.status_code, own.status_code) == (403, 201)
    assert (hidden.status_code, unchanged.status_code) == (404, 404)
    assert operator.get("/v1/stations/NEW-1").status_code == 404


def test_a_reader_may_not_write(water):
    with water("measurements:read") as reader:
        assert reader.get("/v1/stations").status_code == 200
        assert reader.post("/v1/stations", json=NEW).status_code == 403


def test_pages_of_one_walk_every_station_once(operator):
    seen, cursor = [], None
    while True:
        query = {"limit": 1} | ({"cursor": cursor} if cursor else {})
        answer = operator.get("/v1/stations", params=query).json()
        seen += [s["code"] for s in answer["items"]]
        if (cursor := answer["next"]) is None:
            break

    assert seen == ["CPM-01", "CPM-02"]
