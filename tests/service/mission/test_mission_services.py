"""Rows of the mission whose capability lies in the services, through the gateway's address."""

from __future__ import annotations

import pytest

WASTE = "station,parameter,time,value,unit,material,source,period"
PLAIN = "station,parameter,time,value,unit"
WATER = "station,parameter,time,value,unit,qualifier,limit"


@pytest.fixture(scope="module")
def tps(everything):
    """A transfer station with a month of waste, by material and by source."""
    everything.station("waste", "TPS-01", kind="tps")
    everything.station("waste", "DISDUK", kind="register")
    everything.send(
        "waste",
        WASTE,
        "DISDUK,population,2023-01-01T00:00:00+07:00,2500000,persons,,,P1Y",
        *(
            f"TPS-01,{parameter},2023-04-01T00:00:00+07:00,{tonnes},t,{material},{source},P1M"
            for parameter, tonnes, material, source in (
                ("generated", 30_000, "organic", "household"),
                ("generated", 12_000, "plastic", "household"),
                ("generated", 6_000, "plastic", "commercial"),
                ("sorted", 6_000, "plastic", "household"),
                ("sorted", 3_000, "plastic", "commercial"),
                ("received", 900, "mixed", "mixed"),
                ("recycled", 500, "plastic", "mixed"),
                ("composted", 250, "organic", "mixed"),
                ("landfilled", 141, "residual", "mixed"),
            )
        ),
    )
    return everything


@pytest.fixture(scope="module")
def river(everything):
    """A monitoring point of the Cipamokolan with a year of samples, two a month."""
    everything.station("water", "CPM-01", kind="river", water_class="II")
    values = (("ph", "7.1", "pH"), ("bod", "5", "mg/L"), ("cod", "30", "mg/L"),
              ("do", "4.5", "mg/L"), ("tss", "60", "mg/L"), ("temp", "26", "degC"))  # fmt: skip
    everything.send(
        "water",
        WATER,
        *(
            f"CPM-01,{name},2023-{month:02}-{day:02}T09:00:00+07:00,{value},{unit},,"
            for month in range(1, 13)
            for day in (3, 20)
            for name, value, unit in values
        ),
        *(f"CPM-01,cd,2023-{month:02}-03T09:00:00+07:00,,mg/L,<,0.05" for month in range(1, 13)),
    )
    return everything


# ---- conclusion 2: the three focus areas


@pytest.mark.parametrize("area", ["waste", "water", "air"])
def test_b7_b8_b9_each_focus_area_has_outcomes_from_a_service_of_its_own(everything, area):
    areas = {each["code"] for each in everything.items("partner", "/v1/focus-areas")}
    indicators = everything.items("partner", "/v1/indicators", focus_area=area, fed_by="service")

    assert area in areas
    assert indicators
    assert {each["code"].partition(".")[0] for each in indicators} == {area}
    outcomes = everything.items("partner", "/v1/outcomes")
    fed = {each["code"] for each in indicators}
    sources = [o["sources"] for o in outcomes if o["indicator"] in fed]
    assert {source["service"] for each in sources for source in each} == {area}
    parameters = everything.items("partner", f"/{area}/v1/parameters")
    expected = {"waste": "sorted", "water": "bod", "air": "pm25"}[area]
    assert expected in {each["code"] for each in parameters}


def test_b9_one_day_of_air_is_judged_by_indonesia_japan_and_the_who(everything):
    everything.station("air", "DGO-01", kind="street")
    rows = [
        f"DGO-01,pm25,2023-04-{day:02}T{hour:02}:00:00+07:00,15.5,µg/m³"
        for day in (4, 5)
        for hour in range(24)
    ]
    everything.send("air", PLAIN, *rows)

    (ispu,) = (
        each
        for each in everything.items("overseer", "/air/v1/indices", index="ispu", station="DGO-01")
        if each["period"] == "2023-04-04"
    )
    # P.14/2020: 15.5 µg/m³ is the upper end of Baik, an index of 50.
    assert ispu["value"] == pytest.approx(50)
    (judged,) = everything.items("overseer", "/air/v1/compliance", station="DGO-01")
    verdicts = judged["verdicts"]
    assert {each["authority"] for each in verdicts} == {"id", "jp", "who"}
    # Two days of a year decide nothing by any of them; no score is made of the three.
    assert {(each["verdict"], each["state"]) for each in verdicts} <= {
        (None, "insufficient"),
        (None, "cannot_assess"),
    }
    assert "score" not in judged


# ---- conclusion 3: Kang Pisman


def test_c2_generation_per_head_stands_beside_the_baseline(tps):
    rate = tps.figure("waste", "waste.generation_per_person", "2023-04")
    less = tps.figure("waste", "waste.kurangi_t", "2023-04")

    assert (rate["value"], rate["unit"]) == (0.64, "kg/person/day")
    # (0.70 - 0.64) kg of 2.5 million people on 30 days.
    assert less["value"] == pytest.approx(4500)
    year = tps.figure("waste", "waste.generation_per_person", "2023")
    assert (year["value"], year["state"]) == (None, "insufficient")


def test_c3_sorted_waste_goes_from_the_upload_to_the_outcome(tps):
    outcome = tps.outcome("waste.sorted_share", "2023-04")

    assert (outcome["value"], outcome["state"]) == (pytest.approx(9_000 / 48_000), "ok")
    month = tps.items("overseer", "/waste/v1/rollups", period="month", parameter="sorted")
    kept = {(each["material"], each["source"]): each["sum"] for each in month}
    assert kept == {("plastic", "household"): 6_000_000, ("plastic", "commercial"): 3_000_000}


def test_c4_what_was_used_again_is_told_by_its_way_and_the_balance_shows_what_is_missing(tps):
    used = tps.figure("waste", "waste.manfaatkan_t", "2023-04")
    assert (used["value"], used["unit"]) == (750, "t")
    assert set(used["detail"]["parameters"]) == {"recycled", "composted"}

    (balance,) = (
        each
        for each in tps.items("overseer", "/waste/v1/indices", index="mass_balance")
        if each["period"] == "2023-04"
    )
    # 900 t came in, 891 t went somewhere: a leak of 1 %.
    assert balance["value"] == pytest.approx(0.01)


def test_c9_a_planner_sets_targets_and_sends_no_measurement(everything):
    path = "/v1/indicators/waste.recovery_share"
    etag = everything.get("planner", path).headers["ETag"]
    stated = {"sources": [{"title": "Plan 2025"}], "status": "published"}
    change = {"targets": [{"year": 2025, "value": 0.3, **stated}], "targets_note": None}
    changed = everything.client.patch(
        path,
        json=change | {"reason": "Agreed."},
        headers=everything.headers("planner") | {"If-Match": etag},
    )
    sent = everything.post("planner", "/waste/v1/uploads", content=PLAIN, headers={
        "Content-Type": "text/csv"})  # fmt: skip

    assert (changed.status_code, sent.status_code) == (200, 403)
    (revision,) = everything.items("partner", f"{path}/targets")
    assert (revision["period"], revision["value"], revision["reason"]) == ("2025", 0.3, "Agreed.")


def test_c10_dlhk_uploads_and_approves_what_others_sent_alone(everything):
    everything.station("water", "DLHK-01", kind="river")
    everything.become("dlhk-agent", "field-agent", stations=["DLHK-01"])
    everything.become("dlhk-reviewer", "reviewer")
    row = "DLHK-01,ph,2023-05-01T09:00:00+07:00,7.0,pH"
    everything.send("water", PLAIN, row, role="dlhk-agent")
    review = {"flag": 1, "reason": "Seen on site.", "stations": ["DLHK-01"]}

    own = everything.post("dlhk-agent", "/water/v1/reviews", json=review)
    other = everything.post("dlhk-reviewer", "/water/v1/reviews", json=review)
    upload = everything.post("dlhk-reviewer", "/water/v1/uploads", content="x")

    assert (own.status_code, other.status_code, upload.status_code) == (403, 201, 403)
    (kept,) = everything.items("overseer", "/water/v1/reviews")
    assert (kept["reason"], kept["judged"]) == ("Seen on site.", 1)


def test_c11_what_a_community_queues_without_a_network_counts_once(everything):
    everything.station("waste", "RW-07", kind="waste-bank")
    everything.become("rw-07", "field-agent", stations=["RW-07"])
    body = {"measurements": [{"station": "RW-07", "parameter": "sorted",
                              "time": "2023-05-02T08:00:00+07:00", "value": 12.5, "unit": "kg",
                              "material": "plastic"}]}  # fmt: skip
    key = {"Idempotency-Key": "rw-07-2023-05-02"}

    # The phone does not know whether the first one arrived, and sends again.
    sent = [everything.post("rw-07", "/waste/v1/uploads", json=body, headers=key) for _ in range(3)]

    assert [answer.status_code for answer in sent] == [201, 200, 200]
    assert [answer.json()["replayed"] for answer in sent] == [False, True, True]
    (measured,) = everything.items("rw-07", "/waste/v1/measurements", station="RW-07")
    assert (measured["value"], measured["sent_unit"]) == (12.5, "kg")
    other = body["measurements"][0] | {"station": "TPS-01"}
    refused = everything.post("rw-07", "/waste/v1/uploads", json={"measurements": [other]})
    assert refused.status_code == 403


# ---- conclusion 4: water


def test_d8_the_water_utility_sends_for_its_own_stations_and_is_evaluated(everything, river):
    everything.station("water", "PDAM-01", kind="outfall")
    everything.become("pdam", "field-agent", stations=["PDAM-*"])
    rows = ["PDAM-01,bod,2023-05-01T09:00:00+07:00,12,mg/L",
            "CPM-01,bod,2023-05-01T09:00:00+07:00,12,mg/L"]  # fmt: skip
    mixed = everything.post(
        "pdam",
        "/water/v1/uploads",
        content="\n".join((PLAIN, *rows)),
        headers={"Content-Type": "text/csv"},
    ).json()

    assert (mixed["inserted"], mixed["rejected"]) == (1, 1)
    kept = everything.items("pdam", f"/water{mixed['rejections'].removeprefix('/water')}")
    assert [each["code"] for each in kept] == ["station-not-yours"]
    seen = everything.items("pdam", "/water/v1/measurements", limit=10_000)
    assert {each["station"] for each in seen} == {"PDAM-01"}
    parties = {each["code"]: each for each in river.items("partner", "/v1/parties")}
    evaluations = river.items("partner", "/v1/evaluations")
    utility = next(code for code, party in parties.items() if party["kind"] == "utility")
    assert any(utility in each["subjects"] for each in evaluations)


# ---- conclusion 5: results


def test_e1_awareness_at_the_source_has_baseline_target_actual_or_a_state(everything):
    code, source = "waste.households_sorting", {"title": "Survey", "where": "archive 3"}
    stated = {"sources": [source], "status": "published"}
    words = {"en": "Households that sort", "id": "Rumah tangga memilah", "ja": "分別する世帯"}
    indicator = {
        "code": code, "cooperation": "bandung-kawasaki", "focus_area": "waste", "names": words,
        "meaning": words, "unit": "1", "unit_names": {"en": "share"}, "percent": True, "digits": 0,
        "direction": "up", "measure": "ratio", "jurisdictions": ["bandung"], "fed_by": "register",
        "baseline": {"year": 2018, "value": 0.1, **stated},
        "targets": [{"year": 2023, "value": 0.5, **stated}],
        "published": [{"year": 2023, "value": 0.3, **stated}],
    }  # fmt: skip
    made = everything.post("planner", "/v1/indicators", json=indicator)
    assert made.status_code == 201, made.text

    outcome = everything.outcome(code, "2023")
    assert (outcome["baseline"], outcome["target"]) == (0.1, 0.5)
    assert (outcome["actual"], outcome["progress"]) == (0.3, pytest.approx(0.5))
    silent = everything.outcome(code, "2021")
    assert (silent["actual"], silent["state"]) == (None, "no_data")
    said = {**indicator, "code": "waste.awareness", "fed_by": "evaluations"}
    said |= {"published": [], "baseline": None, "baseline_note": {"en": "Not asked before."}}
    said |= {"targets": [], "targets_note": {"en": "Judged in words."}}
    assert everything.post("planner", "/v1/indicators", json=said).status_code == 201
    words_only = everything.outcome("waste.awareness", "2023")
    assert (words_only["actual"], words_only["state"], words_only["progress"]) == (
        None,
        "no_data",
        None,
    )


def test_e2_the_commercial_sector_is_told_apart_in_measurements_and_sums(tps):
    measured = tps.items("overseer", "/waste/v1/measurements", source="commercial")
    sums = tps.items("overseer", "/waste/v1/rollups", period="month")

    assert {(m["parameter"], m["value"]) for m in measured} == {
        ("generated", 6_000_000),
        ("sorted", 3_000_000),
    }
    commercial = {s["parameter"]: s["sum"] for s in sums if s["source"] == "commercial"}
    assert commercial == {"generated": 6_000_000, "sorted": 3_000_000}
    unknown = tps.post(
        "field-agent", "/waste/v1/uploads",
        content=f"{WASTE}\nTPS-01,sorted,2023-06-01T00:00:00+07:00,1,t,plastic,shops,P1M\n",
        headers={"Content-Type": "text/csv"},
    )  # fmt: skip
    assert unknown.status_code == 422


def test_e3_each_transfer_station_is_registered_and_balanced_by_itself(tps):
    tps.station("waste", "TPS-02", kind="tps", note="Capacity 10 t a day, by its permit.")
    tps.send(
        "waste",
        WASTE,
        "TPS-02,received,2023-04-01T00:00:00+07:00,100,t,mixed,,P1M",
        "TPS-02,recycled,2023-04-01T00:00:00+07:00,100,t,mixed,,P1M",
    )

    stations = {each["code"]: each for each in tps.items("partner", "/waste/v1/stations")}
    assert (stations["TPS-02"]["kind"], stations["TPS-02"]["note"][:8]) == ("tps", "Capacity")
    balances = {
        each["station"]: each["value"]
        for each in tps.items("overseer", "/waste/v1/indices", index="mass_balance")
        if each["period"] == "2023-04"
    }
    assert balances == {"TPS-01": pytest.approx(0.01), "TPS-02": 0}


def test_e7_a_sample_of_the_cipamokolan_becomes_an_index_an_outcome_and_what_the_partner_pulls(
    river,
):
    index = river.items("overseer", "/water/v1/indices", index="pollution_index", station="CPM-01")
    outcome = river.outcome("water.pollution_index", "2023")

    assert index
    assert (outcome["state"], outcome["origin"]) == ("ok", "real")
    assert min(i["value"] for i in index) <= outcome["value"] <= max(i["value"] for i in index)
    judged = {
        each["parameter"]: {verdict["standard"]: verdict for verdict in each["verdicts"]}
        for each in river.items("overseer", "/water/v1/compliance", station="CPM-01")
    }
    bod = {verdict["authority"]: verdict["verdict"] for verdict in judged["bod"].values()}
    # The same 5 mg/L break class II of Indonesia and keep the least class of Japan.
    assert (bod["id"], bod["jp"]) == ("not_met", "met")
    # Below a detection limit that lies above the standard a sample proves nothing.
    (cadmium,) = (v for v in judged["cd"].values() if v["authority"] == "id")
    assert (cadmium["verdict"], cadmium["state"]) == (None, "cannot_assess")
