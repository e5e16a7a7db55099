"""Uploads through the front door, on each database."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

HEADER = "station,parameter,time,value,unit,qualifier,limit\n"
GOOD = "CPM-01,bod,2026-01-05T10:00:00+07:00,6.5,mg/L,,"
BAD = "CPM-01,bod,yesterday,6.5,mg/L,,"
CSV = {"Content-Type": "text/csv"}


def counts(receipt):
    names = ("received", "inserted", "unchanged", "corrected", "rejected")
    return tuple(receipt[name] for name in names)


def test_an_unreadable_line_is_reported_and_the_rest_is_kept(agent, upload):
    receipt = upload(GOOD, "CPM-01,bod,yesterday,6.5,mg/L,,").json()

    assert counts(receipt) == (2, 1, 0, 0, 1)
    refused = agent.get(receipt["rejections"]).json()["items"]
    assert [(r["line"], r["code"]) for r in refused] == [(3, "time-unreadable")]
    assert refused[0]["raw"] == "CPM-01,bod,yesterday,6.5,mg/L,,"
    stored = agent.get("/v1/measurements").json()["items"]
    assert [(m["value"], m["time"], m["time_local"], m["utc_offset"]) for m in stored] == [
        (6.5, "2026-01-05T03:00:00Z", "2026-01-05T10:00:00", "+07:00")
    ]


def test_a_resend_changes_nothing(agent, upload):
    upload(GOOD)

    assert counts(upload(GOOD).json()) == (1, 0, 1, 0, 0)
    assert len(agent.get("/v1/measurements").json()["items"]) == 1


def test_a_correction_keeps_the_old_value_readable(agent, upload):
    before = upload(GOOD).json()["received_at"]
    receipt = upload(GOOD.replace("6.5", "7.5")).json()

    assert counts(receipt) == (1, 0, 0, 1, 0)
    now = agent.get("/v1/measurements").json()["items"]
    then = agent.get("/v1/measurements", params={"as_of": before}).json()["items"]
    assert [(m["value"], m["revision"]) for m in now] == [(7.5, 2)]
    assert [(m["value"], m["revision"]) for m in then] == [(6.5, 1)]
    day = agent.get("/v1/rollups", params={"period": "day"}).json()["items"]
    assert [(d["period"], d["n"], d["mean"]) for d in day] == [("2026-01-05", 1, 7.5)]


def test_a_late_resend_of_a_replaced_value_is_refused_unless_reinstated(upload):
    upload(GOOD)
    upload(GOOD.replace("6.5", "7.5"))
    late = upload(GOOD)
    again = upload(GOOD, reinstate=True)

    assert late.status_code == 422
    assert [e["code"] for e in late.json()["errors"]] == ["superseded-value"]
    assert counts(again.json()) == (1, 0, 0, 1, 0)


def test_two_values_for_one_identity_are_both_refused(agent, upload):
    receipt = upload(GOOD, GOOD.replace("6.5", "7.5"), GOOD.replace("10:00", "11:00")).json()

    assert counts(receipt) == (3, 1, 0, 0, 2)
    codes = {r["code"] for r in agent.get(receipt["rejections"]).json()["items"]}
    assert codes == {"conflicting-rows"}


def test_equal_duplicates_count_as_unchanged(upload):
    assert counts(upload(GOOD, GOOD).json()) == (2, 1, 1, 0, 0)


def test_a_key_answers_as_the_first_time(agent):
    headers = CSV | {"Idempotency-Key": "device-7-0001"}
    first = agent.post("/v1/uploads", content=HEADER + GOOD, headers=headers)
    again = agent.post("/v1/uploads", content=HEADER + GOOD, headers=headers)
    other = agent.post("/v1/uploads", content=HEADER + GOOD.replace("6.5", "9"), headers=headers)

    assert (first.status_code, again.status_code, other.status_code) == (201, 200, 409)
    assert again.json() == first.json() | {"replayed": True}


def test_simultaneous_sends_make_one_set_of_rows(agent, upload):
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: upload(GOOD), range(12)))

    assert {a.status_code for a in answers} == {201}
    assert sum(a.json()["inserted"] for a in answers) == 1
    assert len(agent.get("/v1/measurements").json()["items"]) == 1


def test_a_dry_run_keeps_nothing(agent, upload):
    answer = upload(GOOD, "XX,bod,2026-01-05T10:00:00+07:00,6.5,mg/L,,", dry_run=True)

    assert answer.status_code == 200
    assert answer.json()["dry_run"]
    assert counts(answer.json()) == (2, 1, 0, 0, 1)
    assert [e["code"] for e in answer.json()["errors"]] == ["unknown-station"]
    assert agent.get("/v1/measurements").json()["items"] == []


def test_all_or_nothing_keeps_nothing_but_the_reasons(agent, upload):
    answer = upload(GOOD, GOOD.replace("6.5", "much"), mode="all-or-nothing")

    assert answer.status_code == 422
    receipt = answer.json()["receipt"]
    assert counts(receipt) == (2, 0, 0, 0, 2)
    assert agent.get(receipt["rejections"]).json()["items"][0]["code"] == "not-a-number"
    assert agent.get("/v1/measurements").json()["items"] == []


def test_rows_of_others_are_refused(water):
    with water("measurements:write", stations=["CPM-02"]) as narrow:
        mixed = narrow.post(
            "/v1/uploads", content=HEADER + GOOD + "\n" + GOOD.replace("-01,", "-02,"), headers=CSV
        )
        alone = narrow.post("/v1/uploads", content=HEADER + GOOD, headers=CSV)

    assert counts(mixed.json()) == (2, 1, 0, 0, 1)
    assert alone.status_code == 403


def test_a_value_below_its_limit_is_no_number(agent, upload):
    upload("CPM-01,nh3_n,2026-01-05T10:00:00+07:00,<0.01,mg/L,,")

    (measured,) = agent.get("/v1/measurements").json()["items"]
    assert (measured["value"], measured["qualifier"], measured["limit"]) == (None, "<", 0.01)
    (day,) = agent.get("/v1/rollups").json()["items"]
    assert (day["mean"], day["state"]) == (None, "below_limit")


@pytest.mark.parametrize(
    ("cell", "code"),
    [
        (("bod", "2026-01-05T10:00:00+07:00", "NaN", "mg/L"), "not-finite"),
        (("bod", "2026-01-05T10:00:00+07:00", "Infinity", "mg/L"), "not-finite"),
        (("bod", "2026-01-05T10:00:00+07:00", "many", "mg/L"), "not-a-number"),
        (("bod", "2026-01-05T10:00:00+07:00", "1_0", "mg/L"), "not-a-number"),
        (("bod", "2026-01-05T10:00:00+07:00", "5", "furlong"), "unknown-unit"),
        (("gold", "2026-01-05T10:00:00+07:00", "5", "mg/L"), "unknown-parameter"),
        (("bod", "2026-01-05T10:00:00", "5", "mg/L"), "time-without-offset"),
        (("bod", "2096-01-05T10:00:00Z", "5", "mg/L"), "time-in-future"),
        (("bod", "2026-01-05T10:00:00+07:00", "5" * 300_000, "mg/L"), "cell-too-long"),
    ],
)
def test_a_bad_cell_is_named_and_the_good_row_kept(agent, upload, cell, code):
    receipt = upload("CPM-01," + ",".join(cell) + ",,", GOOD.replace("10:00", "12:00")).json()

    assert counts(receipt) == (2, 1, 0, 0, 1)
    refused = agent.get(receipt["rejections"]).json()["items"]
    assert code in {r["code"] for r in refused}
    assert all(r["line"] == 2 and r["message"] and r["fix"] for r in refused)


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "empty-file"),
        (HEADER.encode(), "empty-file"),
        (b"\x89PNG\r\n\x1a\n" + bytes(200), "not-text"),
        (b"place,what\n1,2\n", "unknown-column"),
        (b"station,time\nCPM-01,x\n", "column-missing"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_with_a_reason(agent, content, code):
    answer = agent.post("/v1/uploads", content=content, headers=CSV)

    assert answer.status_code == 422
    assert [e["code"] for e in answer.json()["errors"]] == [code]
    assert agent.get(answer.json()["receipt"]["rejections"]).json()["items"][0]["code"] == code


def test_json_is_read_as_csv_is(agent):
    row = {"station": "CPM-01", "parameter": "bod", "time": "2026-01-05T10:00:00+07:00",
           "value": 6.5, "unit": "mg/L"}  # fmt: skip
    answer = agent.post("/v1/uploads", json={"measurements": [row, row | {"value": True}]})

    assert counts(answer.json()) == (2, 1, 0, 0, 1)


def test_messages_come_in_the_callers_language(agent):
    for language, word in (("id", "bukan"), ("ja", "数値")):
        answer = agent.post(
            "/v1/uploads",
            content=HEADER + GOOD.replace("6.5", "many"),
            headers=CSV | {"Accept-Language": language},
        )
        assert word in answer.json()["errors"][0]["message"]


def test_the_metrics_count_what_was_stored(agent, upload):
    upload(GOOD, "XX,bod,2026-01-05T10:00:00+07:00,6.5,mg/L,,")

    text = agent.get("/metrics").text
    assert 'kembar_upload_rows_total{result="inserted",service="water"} 1.0' in text
    assert 'kembar_upload_rows_total{result="rejected",service="water"} 1.0' in text


def test_receipts_and_rejections_are_for_their_sender_and_whoever_reads_everything(water):
    own = {"client_id": "logger", "sub": "logger"}
    with water("measurements:write", **own) as sender:
        code = sender.post("/v1/uploads", content=HEADER + BAD, headers=CSV).json()["receipt"]["id"]
    cases = [
        (("measurements:write",), own, 200),
        (("measurements:write",), own | {"stations": ["CPM-02"]}, 200),
        (("measurements:read",), {}, 200),
        (("measurements:read",), {"stations": ["*"]}, 200),
        (("measurements:read",), {"stations": ["CPM-*"]}, 404),
        (("measurements:read",), {"stations": []}, 404),
        (("measurements:write",), {}, 404),
        (("measurements:write",), {"stations": ["*"]}, 404),
    ]
    for scopes, claims, status in cases:
        with water(*scopes, **claims) as client:
            for path in (f"/v1/uploads/{code}", f"/v1/uploads/{code}/rejections"):
                assert client.get(path).status_code == status, (scopes, claims)


def test_what_is_hidden_is_answered_like_what_is_not_there(water):
    with water("measurements:write", client_id="a") as sender:
        code = sender.post("/v1/uploads", content=HEADER + GOOD, headers=CSV).json()["id"]
    with water("measurements:read", "stations:write", stations=["CPM-02"]) as narrow:
        pairs = [
            (f"/v1/uploads/{code}", "/v1/uploads/0123456789abcdef"),
            ("/v1/stations/CPM-01", "/v1/stations/CPM-99"),
            ("/v1/measurements?station=CPM-01", "/v1/measurements?station=CPM-99"),
            ("/v1/measurements/latest?station=CPM-01", "/v1/measurements/latest?station=CPM-99"),
            ("/v1/rollups?station=CPM-01", "/v1/rollups?station=CPM-99"),
            ("/v1/indices?station=CPM-01", "/v1/indices?station=CPM-99"),
        ]
        for hidden, absent in pairs:
            one, other = narrow.get(hidden), narrow.get(absent)

            assert one.status_code == other.status_code, hidden
            assert one.json().get("items") == other.json().get("items") in (None, []), hidden
        everything = "".join(
            narrow.get(path).text
            for path in ("/v1/stations", "/v1/measurements", "/v1/changes", "/v1/rollups")
        )
    assert "CPM-01" not in everything
    assert "CPM-02" in everything


def test_figures_are_not_for_who_is_narrowed(water):
    cases = [
        ({}, 200),
        ({"stations": ["*"], "cooperations": ["*"]}, 200),
        ({"stations": ["CPM-01"]}, 404),
        ({"cooperations": ["bandung-kawasaki"]}, 404),
    ]
    for path in ("/v1/indicators", "/metrics"):
        for claims, status in cases:
            with water("outcomes:read", "metrics:read", **claims) as client:
                assert client.get(path).status_code == status, (path, claims)


@pytest.mark.parametrize(
    ("sent", "prefix"),
    [
        (None, ""),
        ("/water", "/water"),
        ("/env/water", "/env/water"),
        ("water", ""),
        ("//evil.example", ""),
        ("/a/../b", ""),
        ("https://evil.example", ""),
        ("/" + "x" * 99, ""),
    ],
)
def test_the_link_of_a_receipt_is_right_where_it_was_asked_for(agent, sent, prefix):
    through = {} if sent is None else {"X-Forwarded-Prefix": sent}
    bad = HEADER + "CPM-01,bod,yesterday,6.5,mg/L,,\n"
    row = {"station": "CPM-01", "parameter": "bod", "time": "2026-01-05T10:00:00Z", "value": 6.5,
           "unit": "mg/L"}  # fmt: skip

    kind = {"Content-Type": "text/csv"}
    refused = agent.post("/v1/uploads", content=bad, headers=kind | through).json()["receipt"]
    read = agent.get(f"/v1/uploads/{refused['id']}", headers=through).json()
    small = agent.post("/v1/uploads", json={"measurements": [row]}, headers=through).json()
    for receipt in (refused, read, small):
        assert receipt["rejections"] == f"{prefix}/v1/uploads/{receipt['id']}/rejections"
