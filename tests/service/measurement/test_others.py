"""What a narrowed client may not know of answers as what is not there, at every operation."""

from __future__ import annotations

import json
import re
import time
from pathlib import Path

import pytest

from tests.service.access import ROLES
from tests.service.measurement.conftest import STATION

OTHERS, ABSENT, OWN = "CPM-01", "CPM-99", "CPM-02"
NOT_THERE = "0" * 32
CHANGING = re.compile(r"[0-9a-f]{32}|[0-9a-f-]{36}|20\d\d-[0-9T:.-]+Z")
DOCUMENT = Path("tests/contract/openapi/water.json")
OPERATIONS = sorted(
    (method.upper(), path)
    for path, methods in json.loads(DOCUMENT.read_text())["paths"].items()
    for method, operation in methods.items()
    if operation.get("security")
)


def row(station):
    return {"station": station, "parameter": "bod", "time": "2026-01-05T10:00:00+07:00",
            "value": "8", "unit": "mg/L"}  # fmt: skip


REVIEW = {"flag": 3, "reason": "Doubtful."}
BODIES = {
    ("POST", "/v1/uploads"): lambda station: {"measurements": [row(station)]},
    ("POST", "/v1/uploads/{code}/retraction"): lambda _: {"reason": "Mistake."},
    ("POST", "/v1/reviews"): lambda station: REVIEW | {"stations": [station]},
    ("POST", "/v1/stations"): lambda station: STATION | {"code": station},
    ("PATCH", "/v1/stations/{code}"): lambda _: {"name": "Other"},
}
"""What is sent with each operation that takes a document: all of them, or a test fails."""

TOLD_APART = {("POST", "/v1/uploads"): (403, 422)}
"""Who sends shall know a station of another's from one that is misspelled, and is told so."""


@pytest.fixture
def others(upload):
    """Store rows of another's station, some refused; return the upload."""
    answer = upload(
        f"{OTHERS},bod,2026-01-05T10:00:00+07:00,4,mg/L,,",
        f"{OTHERS},bod,2026-01-06T10:00:00+07:00,many,mg/L,,",
    )
    assert (answer.json()["inserted"], answer.json()["rejected"]) == (1, 1)
    return answer.json()["id"]


@pytest.fixture
def narrow(water):
    """Return a client that may do everything, on its own station alone."""
    scopes = set().union(*ROLES.values())
    with water(*scopes, stations=[OWN], sub="narrow", client_id="narrow") as client:
        yield client


def ask(client, operation, station, code):
    method, path = operation
    if path.startswith("/v1/uploads"):
        path = path.replace("{code}", code)
    path = path.replace("{code}", station)
    body = {"json": BODIES[operation](station)} if method in {"POST", "PATCH"} else {}
    # Where a station can be asked for, it is; elsewhere the word means nothing.
    query = {} if body else {"station": station}
    return client.request(method, path, params=query, **body)


def masked(answer):
    text = answer.text.replace(OTHERS, "…").replace(ABSENT, "…")
    return answer.status_code, CHANGING.sub("…", text)


@pytest.mark.parametrize("operation", OPERATIONS, ids=" ".join)
def test_anothers_station_is_like_none(narrow, others, operation):
    real = ask(narrow, operation, OTHERS, others)
    absent = ask(narrow, operation, ABSENT, NOT_THERE)

    if operation in TOLD_APART:
        assert (real.status_code, absent.status_code) == TOLD_APART[operation]
    else:
        assert masked(real) == masked(absent)


@pytest.mark.parametrize("operation", OPERATIONS, ids=" ".join)
def test_nothing_of_anothers_station_is_told_or_changed(narrow, agent, others, operation):
    """Without asking for it by name, too."""
    before = agent.get("/v1/measurements", params={"station": OTHERS}).text
    method, path = operation
    if method == "GET" and "{code}" not in path:
        assert OTHERS not in narrow.get(path).text
        assert others not in narrow.get(path).text
    ask(narrow, operation, OTHERS, others)

    assert agent.get("/v1/measurements", params={"station": OTHERS}).text == before
    assert agent.get(f"/v1/stations/{OTHERS}").json()["name"] == STATION["name"]


def test_anothers_upload_is_like_none_to_a_reviewer(narrow, others):
    real, absent = (
        narrow.post("/v1/reviews", json=REVIEW | {"upload": code}) for code in (others, NOT_THERE)
    )

    assert masked(real) == masked(absent)
    assert real.status_code == 404


def test_who_is_narrowed_to_a_cooperation_alone_knows_of_no_station(water, others):
    someone = {"cooperations": ["bandung-kawasaki"], "client_id": "partner"}
    with water("measurements:read", **someone) as partner:
        assert partner.get("/v1/measurements").json()["items"] == []
        assert partner.get("/v1/stations").json()["items"] == []
        assert partner.get(f"/v1/stations/{OTHERS}").status_code == 404
        assert partner.get(f"/v1/uploads/{others}").status_code == 404
    with water("measurements:read", cooperations=["*"]) as whole:
        assert len(whole.get("/v1/stations").json()["items"]) == 2


def test_what_it_may_not_know_of_is_in_the_trail(narrow, water, others):
    narrow.get(f"/v1/stations/{OTHERS}")
    narrow.get(f"/v1/uploads/{others}")
    narrow.patch(f"/v1/stations/{OTHERS}", json={"name": "Other"})
    narrow.patch(f"/v1/stations/{ABSENT}", json={"name": "Other"})

    def told():
        with water("audit:read") as overseer:
            items = overseer.get("/v1/audit", params={"client": "narrow"}).json()["items"]
        return [(i["subject"], i["detail"]["named"]["code"], i["count"]) for i in items]

    wanted = [
        ("GET /v1/stations/{code}", OTHERS, 1),
        ("GET /v1/uploads/{code}", others, 1),
        ("PATCH /v1/stations/{code}", OTHERS, 1),
        ("PATCH /v1/stations/{code}", ABSENT, 1),
    ]
    deadline = time.monotonic() + 10
    while sorted(told()) != sorted(wanted):
        assert time.monotonic() < deadline, told()
        time.sleep(0.2)


def test_its_own_station_is_its_own(narrow, others):
    """What is refused above is refused for the station alone."""
    answer = narrow.post("/v1/uploads", json={"measurements": [row(OWN)]})
    assert answer.json()["inserted"] == 1
    assert narrow.get("/v1/measurements").json()["items"][0]["station"] == OWN
    assert narrow.get(f"/v1/uploads/{answer.json()['id']}").status_code == 200
    assert narrow.get(f"/v1/uploads/{others}").status_code == 404
