import json

import pytest

from kembar_client import sample
from kembar_client.api import Api, Refused


@pytest.fixture
def folder(tmp_path):
    stations = [{"service": "water", "stations": [{"code": "A"}, {"code": "B"}]}]
    uploads = [{"service": "water", "file": "a.csv", "query": {"timezone": "Asia/Jakarta"}}]
    (tmp_path / "stations.json").write_text(json.dumps(stations))
    (tmp_path / "uploads.json").write_text(json.dumps(uploads))
    (tmp_path / "a.csv").write_text("station\n")
    return tmp_path


@pytest.fixture
def apis(gateway, credentials):
    with (
        Api(gateway.url, credentials, "operator") as operator,
        Api(gateway.url, credentials, "field-agent") as agent,
    ):
        yield operator, agent


def test_stations_come_first_then_files(folder, gateway, apis):
    gateway.answer("POST", "/water/v1/stations", 201, {})
    gateway.answer("POST", "/water/v1/uploads", 201, {"received": 1, "rejected": 0})
    steps = []
    contents = sample.read(folder)

    receipts = sample.load(contents, *apis, advance=lambda: steps.append(1))

    paths = [request["path"] for request in gateway.requests if "oauth" not in request["path"]]
    assert paths == ["/water/v1/stations"] * 2 + ["/water/v1/uploads"]
    assert gateway.seen("/water/v1/uploads")[0]["query"] == {"timezone": "Asia/Jakarta"}
    assert receipts == [{"received": 1, "rejected": 0, "file": "a.csv"}]
    assert len(steps) == contents.steps == 3


def test_loading_again_repeats_the_key_and_minds_no_station(folder, gateway, apis):
    gateway.answer("POST", "/water/v1/stations", 409, {"status": 409, "title": "Station exists"})
    gateway.answer("POST", "/water/v1/uploads", 200, {"replayed": True})

    for _ in range(2):
        sample.load(sample.read(folder), *apis)

    first, second = gateway.seen("/water/v1/uploads")
    assert first["headers"]["Idempotency-Key"] == second["headers"]["Idempotency-Key"]


def test_a_station_that_is_refused_stops_the_loading(folder, gateway, apis):
    gateway.answer("POST", "/water/v1/stations", 422, {"status": 422, "title": "Invalid request"})

    with pytest.raises(Refused, match="Invalid request"):
        sample.load(sample.read(folder), *apis)


def test_a_key_tells_files_and_declarations_apart_and_has_the_promised_form(tmp_path):
    one, other = tmp_path / "one.csv", tmp_path / "other.csv"
    one.write_text("a")
    other.write_text("b")

    keys = [
        sample.key_of(one, {}),
        sample.key_of(other, {}),
        sample.key_of(one, {"dry_run": "true"}),
    ]

    assert len(set(keys)) == 3
    assert keys[0] == sample.key_of(one, {})
    assert all(8 <= len(key) <= 128 and key.isascii() and key.isprintable() for key in keys)
