"""Every answer with data has a strong ETag, and 304 where the caller has it (promise P16)."""

from __future__ import annotations

from urllib.parse import urlencode

import pytest

from tests.faults.devices import HEADER

NOT_DATA = {"/livez", "/readyz", "/metrics"}
OTHER = '"other"'


def data_paths(client, upload):
    """Return every GET of the published schema that answers data, with its parameters filled in."""
    schema = client.get("/openapi.json").json()
    found = [path for path, methods in schema["paths"].items() if "get" in methods]
    figure = client.get("/v1/indicators").json()["items"][0]
    key = urlencode({name: figure[name] for name in ("jurisdiction", "indicator", "period")})
    filled = [
        path.replace("/stations/{code}", "/stations/D-1").replace("{code}", upload)
        + (f"?{key}" if path == "/v1/lineage" else "")
        for path in found
        if path not in NOT_DATA
    ]
    assert len(filled) > 8
    assert not [path for path in filled if "{" in path], "the test knows no value for a parameter"
    return filled


@pytest.fixture
def client(water):
    with water.client() as client:
        yield client


def send(client, *lines):
    body = HEADER + "".join(f"{line}\n" for line in lines)
    answer = client.post("/v1/uploads", content=body, headers={"Content-Type": "text/csv"})
    assert answer.status_code == 201
    return answer.json()["id"]


def test_every_read_of_data_is_conditional(client):
    upload = send(client, "D-1,bod,2024-01-01T00:00:00Z,3,mg/L", "D-1,bod,2024-01-02,x,mg/L")
    for path in data_paths(client, upload):
        answer = client.get(path)
        tag = answer.headers["etag"]
        assert answer.status_code == 200, path
        assert tag.startswith('"'), f"{path}: weak"
        assert {"private", "no-cache"} & set(answer.headers["cache-control"].split(", ")), path
        assert "authorization" in answer.headers["vary"].lower(), path
        assert client.get(path).headers["etag"] == tag, f"{path}: unsteady"
        for known in (tag, f"W/{tag}", f"{OTHER}, {tag}", f"W/{OTHER} ,W/{tag}", "*"):
            same = client.get(path, headers={"If-None-Match": known})
            assert (same.status_code, same.content) == (304, b""), f"{path}: {known}"
            assert same.headers["etag"] == tag
            assert same.headers["cache-control"] == answer.headers["cache-control"]
        for unknown in (OTHER, f"W/{OTHER}", tag.strip('"'), f'{tag[:-1]}x"'):
            assert client.get(path, headers={"If-None-Match": unknown}).status_code == 200


@pytest.mark.parametrize("path", ["/v1/measurements", "/v1/measurements/latest", "/v1/rollups"])
def test_a_tag_changes_with_the_content(client, path):
    send(client, "D-1,bod,2024-01-01T00:00:00Z,3,mg/L")
    before = client.get(path).headers["etag"]
    send(client, "D-1,bod,2024-01-01T00:00:00Z,4,mg/L")
    after = client.get(path, headers={"If-None-Match": before})

    assert after.status_code == 200
    assert after.headers["etag"] != before


def test_a_tag_is_of_what_the_caller_may_see(water, client):
    water.add_stations("D-2")
    with water.client("measurements:read", stations=["D-2"]) as narrow:
        tags = [c.get("/v1/stations").headers["etag"] for c in (client, narrow)]
        crossed = narrow.get("/v1/stations", headers={"If-None-Match": tags[0]})

    assert tags[0] != tags[1]
    assert crossed.status_code == 200


def test_a_change_names_the_version_it_changes(client):
    path, change = "/v1/stations/D-1", {"name": "Renamed"}
    tag = client.get(path).headers["etag"]

    def patch(**headers):
        return client.patch(path, json=change, headers=headers)

    assert patch().status_code == 428
    assert patch(**{"If-Match": OTHER}).status_code == 412
    assert patch(**{"If-Match": f"W/{tag}"}).status_code == 412
    assert patch(**{"If-Match": f"{OTHER}, {tag}"}).status_code == 200
    assert patch(**{"If-Match": tag}).status_code == 412
    assert patch(**{"If-Match": "*"}).status_code == 200
    assert client.get(path).json()["name"] == "Renamed"
