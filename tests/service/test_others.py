"""Another's station is like none, at every operation of the three services' documents."""

from __future__ import annotations

import httpx
import pytest

from tests.loopback import PLAIN
from tests.service.access import ROLES
from tests.service.others import (
    ABSENT,
    MEASURED,
    NOT_THERE,
    OTHERS,
    OWN,
    REVIEW,
    STATION,
    masked,
    row,
)

BODIES = {
    ("POST", "/v1/uploads"): lambda name, station: {"measurements": [row(name, station)]},
    ("POST", "/v1/uploads/{code}/retraction"): lambda *_: {"reason": "Mistake."},
    ("POST", "/v1/reviews"): lambda _, station: REVIEW | {"stations": [station]},
    ("POST", "/v1/stations"): lambda _, station: STATION | {"code": station},
    ("PATCH", "/v1/stations/{code}"): lambda *_: {"name": "Other"},
}
"""What is sent with each operation that takes a document: all of them, or a test fails."""

TOLD_APART = {("POST", "/v1/uploads"): (403, 422)}
"""Who sends shall know a station of another's from one that is misspelled, and is told so."""


@pytest.fixture(params=MEASURED)
def name(request):
    return request.param


@pytest.fixture
def operations(app):
    return sorted(
        (method.upper(), path)
        for path, methods in app.openapi()["paths"].items()
        for method, operation in methods.items()
        if operation.get("security")
    )


@pytest.fixture
def clients(app, serve, signing):
    """Return two clients that may do everything: one everywhere, one on its own station alone."""
    base, scopes = serve(app).base_url, sorted(set().union(*ROLES.values()))
    tokens = [
        signing.token(scopes),
        signing.token(scopes, stations=[OWN], sub="narrow", client_id="narrow"),
    ]
    made = [
        httpx.Client(base_url=base, headers={"Authorization": f"Bearer {token}"}, **PLAIN)
        for token in tokens
    ]
    yield made
    for client in made:
        client.close()


@pytest.fixture
def others(clients, name):
    """Register two stations and store a row of another's, and one that is refused."""
    whole, _ = clients
    for code in (OTHERS, OWN):
        assert whole.post("/v1/stations", json=STATION | {"code": code}).status_code == 201
    rows = [row(name, OTHERS), row(name, OTHERS, "many")]
    answer = whole.post("/v1/uploads", json={"measurements": rows})
    assert (answer.json()["inserted"], answer.json()["rejected"]) == (1, 1), answer.text
    return answer.json()["id"]


def ask(client, name, operation, station, code):
    method, path = operation
    path = path.replace("{code}", code if path.startswith("/v1/uploads") else station)
    body = {"json": BODIES[operation](name, station)} if method in {"POST", "PATCH"} else {}
    # Where a station can be asked for, it is; elsewhere the word means nothing.
    query = {} if body else {"station": station}
    return client.request(method, path, params=query, **body)


def test_anothers_station_is_like_none_and_nothing_of_it_is_told_or_changed(
    clients, name, operations, others
):
    whole, narrow = clients
    before = whole.get("/v1/measurements").text
    for operation in operations:
        method, path = operation
        if method == "GET" and "{code}" not in path:
            told = narrow.get(path).text
            assert OTHERS not in told, operation
            assert others not in told, operation
        real = ask(narrow, name, operation, OTHERS, others)
        absent = ask(narrow, name, operation, ABSENT, NOT_THERE)
        if operation in TOLD_APART:
            assert (real.status_code, absent.status_code) == TOLD_APART[operation]
        else:
            assert masked(real) == masked(absent), operation

    assert whole.get("/v1/measurements").text == before
    assert whole.get(f"/v1/stations/{OTHERS}").json()["name"] == STATION["name"]


def test_its_own_station_is_its_own(clients, name, others):
    _, narrow = clients
    answer = narrow.post("/v1/uploads", json={"measurements": [row(name, OWN)]})

    assert answer.json()["inserted"] == 1
    assert [m["station"] for m in narrow.get("/v1/measurements").json()["items"]] == [OWN]
    assert narrow.get(f"/v1/uploads/{answer.json()['id']}").status_code == 200
    assert narrow.get(f"/v1/uploads/{others}").status_code == 404
