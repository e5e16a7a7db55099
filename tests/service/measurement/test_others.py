"""What a narrowed client may not know of answers as what is not there."""

from __future__ import annotations

import time

import pytest

from tests.service.access import ROLES
from tests.service.others import ABSENT, NOT_THERE, OTHERS, OWN, REVIEW, masked


@pytest.fixture
def others(upload):
    """Store a row of another's station; return the upload."""
    answer = upload(f"{OTHERS},bod,2026-01-05T10:00:00+07:00,4,mg/L,,")
    assert answer.json()["inserted"] == 1
    return answer.json()["id"]


@pytest.fixture
def narrow(water):
    """Return a client that may do everything, on its own station alone."""
    scopes = set().union(*ROLES.values())
    with water(*scopes, stations=[OWN], sub="narrow", client_id="narrow") as client:
        yield client


def test_anothers_upload_is_like_none_to_a_reviewer(narrow, others):
    real, absent = (
        narrow.post("/v1/reviews", json=REVIEW | {"upload": code}) for code in (others, NOT_THERE)
    )

    assert masked(real) == masked(absent)
    assert real.status_code == 404


def test_a2_a_citys_key_sees_what_is_its_own(narrow, upload, others):
    """Shared are the catalogue and the limits; measurements belong to the city of the station."""
    upload(f"{OWN},bod,2026-01-05T10:00:00+07:00,5,mg/L,,")

    seen = narrow.get("/v1/measurements").json()["items"]
    assert {item["station"] for item in seen} == {OWN}
    assert [s["code"] for s in narrow.get("/v1/stations").json()["items"]] == [OWN]
    assert narrow.get(f"/v1/uploads/{others}").status_code == 404
    assert narrow.get("/v1/standards").json()["items"]
    answer = narrow.post(
        "/v1/uploads",
        content="station,parameter,time,value,unit\n"
        f"{OTHERS},bod,2026-01-06T10:00:00+07:00,4,mg/L\n",
        headers={"Content-Type": "text/csv"},
    )
    assert answer.status_code == 403


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
