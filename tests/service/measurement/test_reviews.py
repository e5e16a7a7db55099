"""A person's flag on measurements, and uploads taken back, on each database."""

from __future__ import annotations

import pytest

DAY = "CPM-01,ph,2026-01-05T{:02}:00:00+07:00,{},pH,,"


@pytest.fixture
def reviewer(water):
    with water(
        "measurements:read", "measurements:review", sub="reviewer", client_id="reviewer"
    ) as it:
        yield it


def judge(reviewer, **review):
    body = {"flag": 4, "reason": "The probe lay on the bank."} | review
    return reviewer.post("/v1/reviews", json=body)


HEADER = "station,parameter,time,value,unit,qualifier,limit\n"
CSV = {"Content-Type": "text/csv"}


def values(client, path="/v1/measurements", **query):
    return [(m["value"], m["flag"]) for m in client.get(path, params=query).json()["items"]]


def sums(client):
    return [(d["n"], d["sum"]) for d in client.get("/v1/rollups").json()["items"]]


def test_a_reviewers_flag_wins_and_the_value_stays(agent, reviewer, upload):
    upload(DAY.format(10, 7), DAY.format(11, 9))
    before = agent.get("/v1/measurements").json()["items"]

    answer = judge(reviewer, **{"from": "2026-01-05T11:00:00+07:00"})

    assert (answer.status_code, answer.json()["judged"]) == (201, 1)
    assert values(agent) == [(7.0, 1), (9.0, 4)]
    assert sums(agent) == [(1, 7.0)]
    assert values(agent, "/v1/measurements/latest") == [(7.0, 1)]
    as_of = {"as_of": answer.json()["recorded_at"].replace("Z", "+00:00")}
    assert values(agent, **as_of) == [(7.0, 1), (9.0, 4)]
    now = agent.get("/v1/measurements").json()["items"]
    assert [(m["upload"], m["line"]) for m in now] == [(m["upload"], m["line"]) for m in before]
    assert [m["revision"] for m in now] == [1, 2]


def test_what_was_known_before_a_review_is_known_still(agent, reviewer, upload):
    at = upload(DAY.format(10, 7)).json()["received_at"]
    judge(reviewer)

    assert values(agent, as_of=at) == [(7.0, 1)]
    assert values(agent) == [(7.0, 4)]


def test_a_value_may_be_found_good_again(agent, reviewer, upload):
    upload(DAY.format(10, 7))
    judge(reviewer)
    judge(reviewer, flag=1, reason="It was in the water after all.")

    assert values(agent) == [(7.0, 1)]
    assert sums(agent) == [(1, 7.0)]
    reviews = agent.get("/v1/reviews").json()["items"]
    assert [(r["flag"], r["client"]) for r in reviews] == [(4, "reviewer"), (1, "reviewer")]


def test_nobody_reviews_what_they_sent(water, upload):
    upload(DAY.format(10, 7))
    with water("measurements:review") as sender:
        answer = judge(sender)

    assert answer.status_code == 403
    assert answer.json()["type"] == "urn:kembar:problem:own-upload"


def test_a_review_of_nothing_is_refused(reviewer, upload):
    upload(DAY.format(10, 7))

    assert judge(reviewer, stations=["CPM-02"]).status_code == 409
    assert judge(reviewer, flag=2).status_code == 422
    assert judge(reviewer, upload="nonesuch").status_code == 404
    assert judge(reviewer, reason="").status_code == 422


def test_a_resend_does_not_undo_a_review_and_a_correction_starts_anew(agent, reviewer, upload):
    upload(DAY.format(10, 7))
    judge(reviewer)

    assert upload(DAY.format(10, 7)).json()["unchanged"] == 1
    assert values(agent) == [(7.0, 4)]
    assert upload(DAY.format(10, 8)).json()["corrected"] == 1
    assert values(agent) == [(8.0, 1)]


def test_an_upload_can_be_taken_back_by_who_sent_it(agent, water, upload):
    code = upload(DAY.format(10, 7), DAY.format(11, 9)).json()["id"]
    upload(DAY.format(11, 8))
    reason = {"reason": "Sent by mistake."}
    with water("measurements:write", sub="other", client_id="other") as other:
        assert other.post(f"/v1/uploads/{code}/retraction", json=reason).status_code == 404

    answer = agent.post(f"/v1/uploads/{code}/retraction", json=reason)

    assert (answer.status_code, answer.json()["judged"]) == (201, 1)
    assert values(agent) == [(7.0, 9), (8.0, 1)]
    assert sums(agent) == [(1, 8.0)]
    again = agent.post(f"/v1/uploads/{code}/retraction", json=reason)
    assert again.status_code == 409
    late = upload(DAY.format(10, 7))
    assert [e["code"] for e in late.json()["errors"]] == ["superseded-value"]
    assert upload(DAY.format(10, 7), reinstate=True).json()["corrected"] == 1
    assert values(agent) == [(7.0, 1), (8.0, 1)]


def test_a_narrowed_reviewer_touches_its_stations_alone(agent, water, upload):
    upload(DAY.format(10, 7), DAY.format(10, 8).replace("-01", "-02"))
    with water(
        "measurements:review", "measurements:read", client_id="r", sub="r", stations=["CPM-02"]
    ) as narrow:
        assert judge(narrow).json()["judged"] == 1
        assert judge(narrow, stations=["CPM-01"]).status_code == 409
        assert len(narrow.get("/v1/reviews").json()["items"]) == 1

    assert values(agent) == [(7.0, 1), (8.0, 4)]


def test_who_is_narrowed_later_takes_back_what_is_still_its_own(water, agent):
    rows = HEADER + DAY.format(10, 7) + "\n" + DAY.format(10, 8).replace("-01", "-02") + "\n"
    own = {"client_id": "logger", "sub": "logger"}
    with water("measurements:write", **own) as wide:
        code = wide.post("/v1/uploads", content=rows, headers=CSV).json()["id"]
    path, reason = f"/v1/uploads/{code}/retraction", {"reason": "The sensor was dry."}
    with water("measurements:write", stations=["CPM-02"], **own) as narrow:
        answer = narrow.post(path, json=reason)
        again = narrow.post(path, json=reason)

    assert (answer.status_code, answer.json()["judged"], again.status_code) == (201, 1, 409)
    assert values(agent) == [(7.0, 1), (8.0, 9)]


def test_a_narrowed_reader_is_not_told_the_other_stations_of_a_review(agent, water, upload):
    upload(DAY.format(10, 7), DAY.format(10, 8).replace("-01", "-02"))
    with water("measurements:review", "measurements:read", client_id="r", sub="r") as reviewer:
        assert judge(reviewer, stations=["CPM-01", "CPM-02"]).status_code == 201
    with water("measurements:read", stations=["CPM-02"]) as narrow:
        (told,) = narrow.get("/v1/reviews").json()["items"]

    assert told["selection"]["stations"] == ["CPM-02"]
    (whole,) = agent.get("/v1/reviews").json()["items"]
    assert whole["selection"]["stations"] == ["CPM-01", "CPM-02"]
