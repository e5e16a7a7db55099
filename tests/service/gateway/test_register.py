"""The register through its API: entered, changed, versioned, isolated, on each database."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from kembar_gateway.app import build
from kembar_gateway.identity import Issuer
from tests.service.gateway.conftest import Gateway
from tests.service.gateway.entries import (
    Planner,
    commitment,
    cooperation,
    entry,
    fact,
    faults,
    party,
    step,
    words,
)

BOTH = "bandung-kawasaki"
OTHER = "surabaya-kitakyushu"


@pytest.fixture
def gateway(start_gateway):
    return start_gateway()


@pytest.fixture
def planner(gateway):
    return Planner(gateway)


def test_an_entry_is_made_read_changed_and_every_version_kept(planner, clock):
    made = planner.post("commitments", commitment("sorting"))
    path = "/v1/commitments/sorting"
    read = planner.get(path)

    assert (made.status_code, made.headers["location"]) == (201, f"{path}?cooperation={BOTH}")
    assert made.headers["etag"] == read.headers["etag"]
    assert made.json() == read.json() | {"replayed": False}
    assert (read.json()["version"], read.json()["changed_by"]) == (1, "tester")

    clock.ahead += timedelta(days=1)
    steps = [step("planned", "2024"), step("agreed", "2025-02")]
    done = planner.patch(path, {"steps": steps, "reason": "Signed."}, read.headers["etag"])
    versions = planner.get(f"{path}/versions").json()["items"]

    assert (done.status_code, done.json()["version"], done.json()["step"]) == (200, 2, "agreed")
    assert [(v["version"], v["reason"], v["step"]) for v in versions] == [
        (1, "First entered.", "planned"),
        (2, "Signed.", "agreed"),
    ]
    assert versions[0]["valid_to"] == versions[1]["changed_at"]
    assert planner.get(path, as_of=versions[0]["changed_at"]).json()["step"] == "planned"
    assert planner.get(path, as_of="2020-01-01T00:00:00Z").status_code == 404
    listed = planner.get("/v1/commitments", as_of=versions[0]["changed_at"]).json()["items"]
    assert listed[-1]["version"] == 1


def test_a_change_needs_the_version_it_changes_and_a_reason(planner):
    path = "/v1/focus-areas/waste"
    etag = planner.get(path).headers["etag"]

    without = planner.patch(path, {"state": "ended"})
    stale = planner.patch(path, {"state": "ended"}, '"0123"')
    no_reason = planner.client.patch(
        path, json={"state": "ended"}, headers=planner.headers | {"If-Match": etag}
    )
    done = planner.patch(path, {"state": "ended"}, etag)
    again = planner.patch(path, {"state": "ended"}, etag)
    same = planner.patch(path, {"state": "ended"}, done.headers["etag"])

    assert [a.status_code for a in (without, stale, no_reason, done, again)] == [
        428,
        412,
        422,
        200,
        412,
    ]
    assert (same.status_code, same.json()["version"]) == (200, 2)


def test_a_retry_with_its_key_enters_nothing_twice(planner):
    body, key = commitment("once"), {"Idempotency-Key": "a-key-of-its-own"}

    first = planner.post("commitments", body, **key)
    second = planner.post("commitments", body, **key)
    other = planner.post("commitments", commitment("twice"), **key)
    taken = planner.post("commitments", body)

    assert [a.status_code for a in (first, second, other, taken)] == [201, 200, 409, 409]
    assert second.json() == first.json() | {"replayed": True}
    assert taken.json()["type"] == "urn:kembar:problem:code-taken"


def test_a_second_start_adds_nothing_and_overwrites_nothing(planner, start_gateway):
    before = {kind: planner.get(f"/v1/{kind}").json() for kind in ("parties", "programmes")}
    planner.change("/v1/parties/jica", {"names": words("JICA, renamed")})

    again = Planner(start_gateway())

    after = {kind: again.get(f"/v1/{kind}").json() for kind in before}
    assert after["programmes"] == before["programmes"]
    assert [p["code"] for p in after["parties"]["items"]] == [
        p["code"] for p in before["parties"]["items"]
    ]
    assert again.get("/v1/parties/jica").json()["names"]["en"] == "JICA, renamed"
    assert len(again.get("/v1/parties/jica/versions").json()["items"]) == 2


def test_two_first_starts_at_once_fill_it_once(serve, settings):
    Issuer(settings).open()
    apps = [build(settings) for _ in range(2)]
    with ThreadPoolExecutor(2) as pool:
        clients = list(pool.map(serve, apps))

    for client, app in zip(clients, apps, strict=True):
        planner = Planner(Gateway(client, settings, app))
        parties = planner.get("/v1/parties").json()["items"]
        filled = planner.get("/v1/audit", action="register").json()["items"]
        assert [party["version"] for party in parties] == [1] * 10
        assert len(filled) == 1


def test_a_change_shows_on_another_gateway_with_its_next_request(planner, start_gateway):
    other = Planner(start_gateway())
    before = other.get("/v1/outcomes", period="2023", indicator="water.citarum_ika").json()
    indicator = planner.get("/v1/indicators/water.citarum_ika").json()
    targets = [t | {"value": t["value"] + 10} for t in indicator["targets"]]

    planner.change("/v1/indicators/water.citarum_ika", {"targets": targets})

    after = other.get("/v1/outcomes", period="2023", indicator="water.citarum_ika").json()
    assert [item["target"] for item in (*before["items"], *after["items"])] == [58.0, 68.0]
    assert before["items"][0]["actual"] == after["items"][0]["actual"]


def test_of_many_changes_of_one_version_one_is_made(planner):
    planner.post("commitments", commitment("wanted"))
    path = "/v1/commitments/wanted"
    etag = planner.get(path).headers["etag"]

    with ThreadPoolExecutor(8) as pool:
        dues = [f"20{year}" for year in range(30, 38)]
        answers = list(pool.map(lambda due: planner.patch(path, {"due": due}, etag), dues))
        made = list(pool.map(lambda _: planner.post("commitments", commitment("one")), dues))

    assert Counter(answer.status_code for answer in answers) == {200: 1, 412: 7}
    assert Counter(answer.status_code for answer in made) == {201: 1, 409: 7}
    assert planner.get(path).json()["version"] == 2
    assert len(planner.get(f"{path}/versions").json()["items"]) == 2


def test_two_cooperations_may_judge_by_one_indicator(gateway, planner):
    indicator = planner.get("/v1/indicators/water.citarum_ika").json()
    shown = ("version", "changed_at", "changed_by", "reason", "digest")
    body = {name: value for name, value in indicator.items() if name not in shown}
    planner.post("cooperations", cooperation(OTHER))
    agreed = entry("agreed", OTHER, kind="memorandum")
    assert planner.post("agreements", agreed).status_code == 201
    area = entry("water", OTHER, agreement="agreed")
    assert planner.post("focus-areas", area).status_code == 201
    published = [fact(year=2023, value=1.0)]
    made = planner.post("indicators", body | {"cooperation": OTHER, "published": published})
    assert made.status_code == 201, made.text

    query = {"period": "2023", "indicator": "water.citarum_ika"}
    found = planner.get("/v1/outcomes", **query).json()["items"]
    assert {(item["cooperation"], item["value"]) for item in found} == {(BOTH, 50.78), (OTHER, 1.0)}
    metrics = planner.client.get("/metrics", headers=Planner(gateway, "metrics:read").headers).text
    samples = [line.rpartition(" ")[0] for line in metrics.splitlines() if "citarum" in line]
    assert samples
    assert len(samples) == len(set(samples))
    # Each partner hears of its own indicator's targets alone, though both have one code.
    told = {
        whose: Planner(gateway, cooperations=(whose,)).get("/v1/changes", limit=1000).json()
        for whose in (BOTH, OTHER)
    }
    news = {
        whose: {i["change"] for i in page["items"] if "register" in i["change"]}
        for whose, page in told.items()
    }
    assert news == {BOTH: set(), OTHER: {"register-changed"}}


def test_each_write_is_in_the_trail_and_a_refused_one_changes_nothing(planner):
    planner.post("commitments", commitment("kept"))
    planner.post("commitments", commitment("refused", scopes=["mou-2016/ninth"]))
    planner.change("/v1/commitments/kept", {"due": "2027"})

    trail = planner.get("/v1/audit", action="register").json()["items"]
    ours = [(e["client"], e["subject"], e["detail"]["version"]) for e in trail[1:]
            if e["result"] == "done"]  # fmt: skip
    assert ours == [
        ("tester", f"commitments/{BOTH}/kept", 1),
        ("tester", f"commitments/{BOTH}/kept", 2),
    ]
    assert (trail[0]["subject"], trail[0]["client"]) == ("profile", "gateway")
    assert planner.get("/v1/commitments/refused").status_code == 404


def test_the_partner_is_told_of_entries_and_of_each_target(gateway, planner):
    before = gateway.get("/v1/changes").json()["next"]
    planner.post("commitments", commitment("told"))
    path, source = "/v1/indicators/waste.generated", fact()
    first = planner.change(path, {"targets": [{"year": 2030, "value": 9.0, **source}],
                                  "targets_note": None, "reason": "Agreed."})  # fmt: skip
    planner.change(path, {"targets": [{"year": 2030, "value": 8.0, **source}], "reason": "Bolder."})
    tried = commitment("tried")
    client = planner.client
    client.post("/v1/commitments?dry_run=true", json=tried, headers=planner.headers)

    items = gateway.get("/v1/changes", params={"cursor": before}).json()["items"]

    told = [item["detail"] for item in items if item["change"] == "register-changed"]
    assert (told[0]["code"], told[0]["version"]) == ("told", 1)
    assert told[-1]["members"] == ["targets"]
    targets = [item for item in items if item["change"] == "target-changed"]
    assert [item["detail"]["reason"] for item in targets[-1:]] == ["Bolder."]
    last = targets[-1]
    assert (last["indicator"], last["detail"]["period"]) == ("waste.generated", "2030")
    assert (last["detail"]["former"], last["detail"]["value"]) == (9.0, 8.0)
    assert last["detail"]["version"] == first["version"] + 1
    # Another cooperation's partner may judge by the same indicator and hears nothing of it.
    others = Planner(gateway, cooperations=(OTHER,))
    assert others.get("/v1/changes", cursor=before).json()["items"] == []


def test_pages_follow_each_other_and_lists_are_filtered(planner):
    codes, cursor = [], None
    while True:
        query = {"limit": 3} | ({"cursor": cursor} if cursor else {})
        page = planner.get("/v1/activities", **query).json()
        codes += [item["code"] for item in page["items"]]
        cursor = page["next"]
        if cursor is None:
            break

    assert codes == [a["code"] for a in planner.get("/v1/activities").json()["items"]]
    assert len(codes) == 8
    trainings = planner.get("/v1/activities", kind="training", limit=2)
    following = planner.get(
        "/v1/activities", kind="training", limit=2, cursor=trainings.json()["next"]
    )
    found = [i["code"] for a in (trainings, following) for i in a.json()["items"]]
    assert found == [
        "kang-pisman-training",
        "river-training-2019",
        "joint-training-4",
        "water-training-2020",
    ]
    assert planner.get("/v1/activities", cursor="bm8").status_code == 400
    assert planner.get("/v1/activities", kind="x" * 201).status_code == 400
    misspelt = planner.get("/v1/activities", kinds="training")
    assert (misspelt.status_code, "kinds" in misspelt.json()["detail"]) == (400, True)
    tag = {"If-None-Match": trainings.headers["etag"]}
    again = planner.client.get(
        "/v1/activities?kind=training&limit=2", headers=planner.headers | tag
    )
    assert again.status_code == 304


def test_another_cooperation_is_like_none(gateway, planner):
    narrow = Planner(gateway, cooperations=(OTHER,))
    for kind, body in (
        ("cooperations", cooperation(OTHER)),
        ("parties", party("surabaya", OTHER)),
        ("parties", party("bandung", OTHER, names=words("Not the other Bandung"))),
    ):
        assert narrow.post(kind, body).status_code == 201, body
    document = gateway.client.get("/openapi.json").json()["paths"]
    (kind_shown,) = (
        parameter
        for parameter in document["/v1/{kind}/{code}"]["get"]["parameters"]
        if parameter["name"] == "kind"
    )
    kinds = kind_shown["schema"]["enum"]

    assert len(kinds) == 16
    for kind in kinds:
        told = narrow.get(f"/v1/{kind}").text
        assert BOTH not in told
        for code in [
            e["code"] for e in planner.get(f"/v1/{kind}", cooperation=BOTH).json()["items"]
        ]:
            if (kind, code) == ("parties", "bandung"):
                continue
            absent = narrow.get(f"/v1/{kind}/absent")
            real = narrow.get(f"/v1/{kind}/{code}")
            change = narrow.patch(f"/v1/{kind}/{code}", {"names": words("Mine")}, "*")
            assert {real.status_code, absent.status_code, change.status_code} == {404}
            assert narrow.get(f"/v1/{kind}/{code}/versions").status_code == 404
    for body in (
        party("spy", OTHER, part_of="kawasaki"),
        party("spy", BOTH),
        party("spy", "absent"),
    ):
        assert {code for _, code in faults(narrow.post("parties", body))} == {"unknown-reference"}
    assert faults(narrow.post("cooperations", cooperation("third"))) == {("body.code", "not-yours")}
    own = narrow.get("/v1/parties/bandung").json()
    assert own["names"]["en"] == "Not the other Bandung"
    several = planner.get("/v1/parties/bandung")
    assert (several.status_code, several.json()["type"]) == (
        409,
        "urn:kembar:problem:several-cooperations",
    )
    assert planner.get("/v1/parties/bandung", cooperation=BOTH).json()["cooperation"] == BOTH
    assert planner.get("/v1/realisation").status_code == 409
    assert narrow.get("/v1/realisation").json()["all"]["realised"]["state"] == "no_data"
    for view in ("realisation", "effects", "evidence", "programmes/citarum-harum/whole"):
        assert narrow.get(f"/v1/{view}", cooperation=BOTH).status_code == 404
