"""Four processes, real files and everybody who uses them: through the gateway's one address."""

from __future__ import annotations

import os
import signal
import time
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

FILES = {
    "waste": ("waste-bandung-generated-2015-2021.csv", 7),
    "water": ("water-black-earth-creek-2023.csv", 36),
    "air": ("air-hanoi-pm25-2016.csv", 8322),
}
COUNTS = ("received", "inserted", "unchanged", "corrected", "rejected")
HEADER = "station,parameter,time,value,unit\n"
GOOD = "CPM-01,bod,2023-09-05T10:00:00-05:00,6.5,mg/L"


@pytest.fixture(scope="module")
def loaded(with_stations, sample):
    """Return the running four and the receipt of the file that each service was sent."""
    receipts = {}
    for service, (name, _) in FILES.items():
        answer = with_stations.upload(service, (sample / name).read_bytes())
        assert answer.status_code == 201, answer.text
        receipts[service] = answer.json()
    return with_stations, receipts


@pytest.fixture
def up(loaded):
    return loaded[0]


@pytest.fixture
def receipts(loaded):
    return loaded[1]


def counts(receipt):
    return tuple(receipt[name] for name in COUNTS)


def samples(text, name):
    """The samples of the metric *name*: labels -> value."""
    return {
        frozenset(sample.labels.items()): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name == name
    }


def expose(up, path):
    answer = up.as_("scraper").get(path)
    assert answer.status_code == 200, answer.text
    return answer.text


@pytest.mark.parametrize("service", FILES)
def test_a_file_is_accounted_for_row_by_row(up, receipts, service):
    receipt, rows = receipts[service], FILES[service][1]

    assert counts(receipt) == (rows, rows, 0, 0, 0)
    assert receipt["received"] == sum(receipt[name] for name in COUNTS[1:])
    kept = up.as_("field-agent").get(f"/{service}/v1/uploads/{receipt['id']}").json()
    assert counts(kept) == counts(receipt)
    measured = up.as_("overseer").get(f"/{service}/v1/measurements", params={"limit": 10_000})
    assert len(measured.json()["items"]) >= rows


@pytest.mark.parametrize("service", FILES)
def test_sent_again_it_changes_nothing(up, sample, service):
    name, rows = FILES[service]
    read = f"/{service}/v1/measurements?limit=10000"
    before = up.as_("overseer").get(read)

    again = up.upload(service, (sample / name).read_bytes())

    assert again.status_code == 201
    assert counts(again.json()) == (rows, 0, rows, 0, 0)
    assert up.as_("overseer").get(read).json() == before.json()


def test_the_outcomes_of_three_services_reach_the_partner(up, eventually):
    waste = eventually(
        lambda: up.outcomes("2016")["waste.generated"], lambda it: it["state"] == "ok"
    )
    air = eventually(lambda: up.outcomes("2016")["air.pm25_mean"], lambda it: it["state"] == "ok")
    water = eventually(
        lambda: up.outcomes("2023-07")["water.pollution_index"], lambda it: it["state"] == "ok"
    )

    assert (waste["value"], waste["unit"], waste["origin"]) == (896198.58, "t", "real")
    assert (air["unit"], air["origin"]) == ("µg/m³", "stand-in")
    assert air["value"] == pytest.approx(50.78, abs=0.01)
    assert water["value"] == pytest.approx(0.2797, abs=0.0001)
    for outcome in (waste, air, water):
        (source,) = outcome["sources"]
        assert not source["stale"]
        assert 0 <= source["age_s"] < 4
    assert up.outcomes("2023")["water.pollution_index"]["state"] == "insufficient"
    assert up.outcomes("2023")["water.pollution_index"]["value"] is None


def test_an_outcome_that_did_not_change_is_not_sent_again(up, eventually):
    partner = up.as_("partner")
    eventually(lambda: up.outcomes("2021")["waste.generated"], lambda it: it["state"] == "ok")
    first = partner.get("/v1/outcomes", params={"period": "2021"})

    again = partner.get(
        "/v1/outcomes", params={"period": "2021"}, headers={"If-None-Match": first.headers["ETag"]}
    )

    assert not first.headers["ETag"].startswith("W/")
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["ETag"] == first.headers["ETag"]


def test_a_correction_moves_the_outcome_and_the_old_value_stays_readable(
    up, sample, receipts, eventually
):
    header, _, line, *_ = (sample / FILES["waste"][0]).read_text().splitlines()
    assert "896198.58" in line
    mended = f"{header}\n{line.replace('896198.58', '900000')}\n"
    asked = {"station": "BDG-CITY", "from": "2015-12-31T00:00:00Z", "to": "2016-01-02T00:00:00Z"}

    def values(**more):
        answer = up.as_("overseer").get("/waste/v1/measurements", params=asked | more)
        return [(m["value"], m["revision"]) for m in answer.json()["items"]]

    def actual():
        return up.outcomes("2016")["waste.generated"]["actual"]

    eventually(actual, lambda value: value == 896198.58)
    corrected = up.upload("waste", mended)
    assert counts(corrected.json()) == (1, 0, 0, 1, 0)
    eventually(actual, lambda value: value == 900_000)
    assert values() == [(900_000_000.0, 2)]
    assert values(as_of=receipts["waste"]["received_at"]) == [(896_198_580.0, 1)]

    late = up.upload("waste", f"{header}\n{line}\n")
    assert [error["code"] for error in late.json()["errors"]] == ["superseded-value"]
    assert counts(up.upload("waste", f"{header}\n{line}\n", reinstate=True).json())[3] == 1
    eventually(actual, lambda value: value == 896198.58)
    assert values(as_of=corrected.json()["received_at"]) == [(900_000_000.0, 2)]


@pytest.mark.parametrize("service", FILES)
@pytest.mark.parametrize("path", ["measurements", "measurements/latest", "rollups", "indices"])
def test_the_partner_is_refused_the_rows(up, service, path):
    refused = up.as_("partner").get(f"/{service}/v1/{path}")

    assert refused.status_code == 403
    assert "measurements:read" in refused.headers["WWW-Authenticate"]


def test_an_outcome_leads_down_to_its_lines_and_a_file_up_to_its_outcome(up, eventually):
    query = {"period": "2016"}
    eventually(lambda: up.outcomes("2016")["waste.generated"], lambda it: it["state"] == "ok")
    answer = up.as_("partner").get("/v1/outcomes/waste.generated/lineage", params=query).json()

    assert answer["outcome"] == up.outcomes("2016")["waste.generated"] | {
        name: answer["outcome"][name] for name in ("computed_at", "sources")
    }
    (figure,) = answer["figures"]
    below = up.as_("overseer").get(figure["lineage"]).json()
    assert below["figure"]["digest"] == figure["digest"]
    rows = [row for each in below["items"] for row in each["measurements"]]
    assert sum(row["value"] for row in rows) / 1000 == answer["outcome"]["value"]
    (row,) = rows
    receipt = up.as_("overseer").get(f"/waste/v1/uploads/{row['upload']}").json()
    # Other tests may have sent the same city's years before, in files of their own.
    assert 1 < row["line"] <= receipt["received"] + 1
    closed = up.as_("partner").get(figure["lineage"]).json()
    (told,) = [row for each in closed["items"] for row in each["measurements"]]
    assert set(told) == {"upload", "line", "revision", "digest"}
    above = up.as_("overseer").get(f"/waste/v1/uploads/{told['upload']}/figures").json()["items"]
    assert figure["digest"] in {each["digest"] for each in above}
    missing = up.as_("partner").get("/v1/outcomes/waste.nothing/lineage")
    assert missing.status_code == 404


def test_the_scraped_figures_are_the_outcomes(up, eventually):
    figures = {}

    def gather():
        figures.clear()
        for service in FILES:
            figures.update(samples(expose(up, f"/{service}/metrics"), "kembar_indicator"))
        return {dict(labels)["indicator"] for labels in figures}

    eventually(gather, {"waste.generated", "water.pollution_index", "air.pm25_mean"}.issubset)
    # A service has more figures than a cooperation has indicators.
    asked = set(up.outcomes("2023"))
    judged = {
        labels: value for labels, value in figures.items() if dict(labels)["indicator"] in asked
    }
    assert len(judged) >= 3
    for labels, value in judged.items():
        figure = dict(labels)
        outcome = eventually(
            lambda figure=figure: up.outcomes(figure["period"])[figure["indicator"]],
            lambda outcome, value=value: outcome["value"] == value,
        )
        assert (outcome["unit"], outcome["state"]) == (figure["unit"], "ok")
    exported = samples(expose(up, "/metrics"), "kembar_outcome")
    assert len(exported) >= 3
    for labels, value in exported.items():
        figure = dict(labels)
        assert figure["cooperation"] == "bandung-kawasaki"
        assert up.outcomes(figure["period"])[figure["indicator"]]["value"] == value


def test_a_frozen_service_leaves_its_last_figure_which_outlives_the_gateway_too(up, eventually):
    period, indicator = "2023-06", "water.pollution_index"

    def read():
        began = time.monotonic()
        outcome = up.outcomes(period)[indicator]
        assert time.monotonic() - began < 3
        return outcome

    def is_stale(outcome):
        return outcome["sources"][0]["stale"]

    good = eventually(read, lambda it: it["state"] == "ok" and not is_stale(it))
    frozen = up.pid_of("water")
    os.kill(frozen, signal.SIGSTOP)
    try:
        old = eventually(read, is_stale)
        assert (old["value"], old["state"]) == (good["value"], "ok")
        assert old["sources"][0]["age_s"] >= 4
        others = up.outcomes("2016")["waste.generated"]
        assert (others["state"], is_stale(others)) == ("ok", False)

        before = up.pid_of("gateway")
        os.kill(before, signal.SIGKILL)
        eventually(lambda: up.pid_of("gateway"), lambda pid: pid not in (None, before))
        eventually(lambda: is_answering(up))
        older = read()
        assert (older["value"], is_stale(older)) == (good["value"], True)
        assert older["sources"][0]["age_s"] > old["sources"][0]["age_s"]
        assert up.pid_of("water") == frozen
    finally:
        os.kill(frozen, signal.SIGCONT)
    again = eventually(read, lambda it: not is_stale(it))
    assert again["value"] == good["value"]


def is_answering(up):
    try:
        return up.as_("partner").get("/readyz").status_code == 200
    except httpx.TransportError:
        return False


def test_each_bad_row_is_named_and_the_good_one_is_kept(up):
    time_ = "2023-09-05T10:00:00-05:00"
    ahead = (datetime.now(UTC) + timedelta(hours=25)).isoformat()
    bad = [
        (f"NOWHERE,bod,{time_},6.5,mg/L", "station", "unknown-station"),
        (f"CPM-01,bod,{time_},6.5,furlong", "unit", "unknown-unit"),
        (f"CPM-01,bod,{time_},many,mg/L", "value", "not-a-number"),
        (f"CPM-01,bod,{time_},NaN,mg/L", "value", "not-finite"),
        (f"CPM-01,bod,{time_},Infinity,mg/L", "value", "not-finite"),
        ("CPM-01,bod,2023-09-05T10:00:00,6.5,mg/L", "time", "time-without-offset"),
        (f"CPM-01,bod,{ahead},6.5,mg/L", "time", "time-in-future"),
        (f"CPM-01,bod,{time_},{'5' * 300_000},mg/L", "value", "cell-too-long"),
    ]
    lines = [GOOD, *(line for line, _, _ in bad)]

    answer = up.upload("water", HEADER + "\n".join(lines))

    assert answer.status_code == 201
    receipt = answer.json()
    assert (receipt["received"], receipt["rejected"]) == (9, 8)
    assert receipt["received"] == sum(receipt[name] for name in COUNTS[1:])
    # As RFC 3986 resolves it against the document it stands in; the POST's, then the GET's.
    address = answer.url.join(receipt["rejections"])
    read = up.as_("field-agent").get(f"/water/v1/uploads/{receipt['id']}")
    assert read.url.join(read.json()["rejections"]) == address
    told = up.as_("field-agent").get(str(address)).json()["items"]
    named = {(row["line"], row["column"], row["code"]) for row in told}
    assert {(n, column, code) for n, (_, column, code) in enumerate(bad, start=3)} <= named
    assert {row["line"] for row in told} == set(range(3, 11))
    assert all(row["message"] and row["fix"] for row in told)


@pytest.mark.parametrize(
    ("content", "line", "column", "code"),
    [
        (f"{HEADER.replace('station', 'stasion')}{GOOD}\n", 1, "stasion", "unknown-column"),
        (f"{HEADER.replace(',unit', '')}{GOOD[:-5]}\n", 1, "unit", "column-missing"),
        ("", 1, "", "empty-file"),
        (HEADER, 1, "", "empty-file"),
        (b"\x89PNG\r\n\x1a\n" + bytes(2000), 1, "", "not-text"),
        (HEADER + GOOD.replace("6.5", "NaN"), 2, "value", "not-finite"),
        (HEADER + GOOD.replace("CPM-01", "NOWHERE"), 2, "station", "unknown-station"),
    ],
    ids=["wrong-column", "no-unit", "empty", "header-alone", "picture", "nan", "nowhere"],
)
def test_a_file_of_which_nothing_can_be_kept_is_refused_with_the_place_and_the_remedy(
    up, content, line, column, code
):
    answer = up.upload("water", content)

    assert answer.status_code == 422
    assert answer.headers["Content-Type"] == "application/problem+json"
    problem = answer.json()
    (error,) = problem["errors"]
    assert (error["line"], error["column"], error["code"]) == (line, column, code)
    assert error["message"]
    assert error["fix"]
    assert problem["receipt"]["inserted"] == 0
    kept = up.as_("field-agent").get(problem["receipt"]["rejections"]).json()["items"]
    assert [row["code"] for row in kept] == [code]
