"""Checks beside neighbours: what they flag, what they leave alone, and that they find an end."""

from __future__ import annotations

import sys
import threading
import time

import pytest
from pydantic import SecretStr

from kembar_shared.chassis.database import connect, reading, writing
from kembar_shared.chassis.settings import SettingUnfit
from kembar_shared.measurement import jobs, quality, service, store, thresholds
from kembar_water.app import check_quality, domain_of
from kembar_water.settings import WaterSettings

HOUR = "CPM-01,{},2026-01-05T{:02}:00:00+07:00,{},{},,,PT1H"
HEADER = "station,parameter,time,value,unit,qualifier,limit,period\n"


@pytest.fixture(autouse=True)
def _urgent(monkeypatch):
    """Leave the tests' own process as urgent as it is."""
    monkeypatch.setattr("os.nice", lambda _: 0)


@pytest.fixture
def send(agent):
    def send(*lines):
        body = HEADER + "".join(f"{line}\n" for line in lines)
        answer = agent.post("/v1/uploads", content=body, headers={"Content-Type": "text/csv"})
        assert (answer.status_code, answer.json()["rejected"]) == (201, 0), answer.text
        return answer.json()

    return send


@pytest.fixture
def settings(database_url):
    return WaterSettings(database_url=SecretStr(database_url))


def adopt(engine, rules):
    with writing(engine) as conn:
        store.heads.adopt(conn, store.heads.CHECKS, rules)


def ph(*values, first=0):
    return [HOUR.format("ph", first + n, value, "pH") for n, value in enumerate(values)]


def flags(client, **query):
    return [m["flag"] for m in client.get("/v1/measurements", params=query).json()["items"]]


def findings(client, **query):
    items = client.get("/v1/findings", params=query).json()["items"]
    return [(f["parameter"], f["time"][11:13], f["test"], f["flag"]) for f in items]


def test_a_spike_is_flagged_told_of_and_counted_no_more(agent, send, settings):
    send(*ph(7, 7, 13, 7, 7))
    before = agent.get("/v1/measurements").json()["items"]

    said = check_quality(settings)

    assert said == "5 measurements checked, 2 flags changed"
    # A big spike costs its neighbours' flags too; 13 was beyond what is plausible before.
    assert flags(agent) == [1, 3, 3, 3, 1]
    assert findings(agent) == [
        ("ph", "18", "spike", 3),
        ("ph", "19", "gross_range", 3),
        ("ph", "19", "rate_of_change", 3),
        ("ph", "19", "spike", 3),
        ("ph", "20", "rate_of_change", 3),
        ("ph", "20", "spike", 3),
    ]
    after = agent.get("/v1/measurements").json()["items"]
    assert [(m["value"], m["upload"]) for m in after] == [(m["value"], m["upload"]) for m in before]
    assert [m["revision"] for m in after] == [1, 2, 1, 2, 1]
    assert [d["n"] for d in agent.get("/v1/rollups").json()["items"]] == [2]
    told = agent.get("/v1/changes").json()["items"]
    assert [(c["change"], c["client"]) for c in told[5:]] == [("checked", "kembar")] * 2


def test_a_second_run_finds_nothing_to_do_and_a_new_value_only_its_surroundings(
    agent, send, settings
):
    send(*ph(7, 7, 12.5, 7, 7), *(line.replace("-05T", "-25T") for line in ph(7, 7, 7)))
    check_quality(settings)
    before = agent.get("/v1/measurements").json()
    engine = connect(settings.database_url, timeout_s=10)
    with reading(engine) as conn:
        rules = store.checks.head(conn).rules

        assert not store.checks.is_due(conn, rules)
        assert store.checks.is_due(conn, "other rules")
    assert check_quality(settings) == "0 measurements checked, 0 flags changed"
    assert agent.get("/v1/measurements").json() == before
    send(*(line.replace("-05T", "-25T") for line in ph(7, first=3)))
    assert check_quality(settings) == "4 measurements checked, 0 flags changed"
    # By other rules everything is looked at, and nothing found that was not.
    other = quality.run(engine, domain_of(settings).catalogue, rules="other rules")
    assert (other.checked, "other rules are in force" in other.reason) == (0, True)
    adopt(engine, "other rules")
    again = quality.run(engine, domain_of(settings).catalogue, rules="other rules")
    assert (again.checked, again.judged, again.reason) == (9, 0, "")
    engine.dispose()


def test_parameters_that_contradict_each_other_are_suspect_until_one_is_corrected(
    agent, send, settings
):
    send(HOUR.format("cod", 9, 20, "mg/L"))
    check_quality(settings)
    send(HOUR.format("bod", 9, 30, "mg/L"))
    check_quality(settings)

    assert flags(agent) == [3, 3]
    assert findings(agent) == [
        ("cod", "02", "bod_above_cod", 3),
        ("bod", "02", "bod_above_cod", 3),
    ]
    send(HOUR.format("bod", 9, 10, "mg/L"))
    assert check_quality(settings) == "2 measurements checked, 1 flags changed"
    assert (flags(agent), findings(agent)) == ([1, 1], [])


def test_a_persons_flag_stays_and_what_a_person_failed_is_no_neighbour(
    agent, water, send, settings
):
    send(*ph(7, 7, 12, 7, 7))
    with water("measurements:review", "measurements:read", sub="r", client_id="r") as reviewer:

        def judge(flag, hour):
            span = {"from": f"2026-01-05T{hour:02}:00:00+07:00"}
            span["to"] = f"2026-01-05T{hour:02}:59:00+07:00"
            body = {"flag": flag, "reason": "I was there."} | span
            assert reviewer.post("/v1/reviews", json=body).status_code == 201

        check_quality(settings)
        assert flags(agent) == [1, 3, 3, 3, 1]
        judge(4, 2)
        check_quality(settings)
        assert flags(agent) == [1, 1, 4, 1, 1]
        judge(1, 2)
        check_quality(settings)

    assert flags(agent) == [1, 3, 1, 3, 1]
    assert ("ph", "19", "spike", 3) in findings(agent)


def test_a_value_corrected_meanwhile_is_not_judged_by_what_it_was(agent, send, settings):
    engine, domain = connect(settings.database_url, timeout_s=10), domain_of(settings)
    send(*ph(7, 7, 12, 7, 7))
    run = quality._Run(engine, domain.catalogue, "rules")
    write = run._write

    def after_a_correction(*args):
        send(*ph(7.1, first=2))
        write(*args)

    run._write = after_a_correction
    run.do()

    # Its neighbours were judged by the old one; the next run, which knows the new one, mends that.
    assert flags(agent) == [1, 3, 1, 3, 1]
    assert quality.run(engine, domain.catalogue, rules="rules").judged == 2
    assert (flags(agent), findings(agent)) == ([1] * 5, [])
    engine.dispose()


def test_of_two_runs_the_newer_one_writes(agent, send, settings, monkeypatch):
    engine, domain = connect(settings.database_url, timeout_s=10), domain_of(settings)
    send(*ph(7, 7, 12, 7, 7))
    other = quality._Run(engine, domain.catalogue, "rules")
    with writing(engine) as conn:
        store.checks.go_on(conn, "another")
    assert other.do() == quality.Outcome(reason="another run is under way")
    monkeypatch.setattr(quality, "_SILENT", quality.timedelta(0))
    older = quality._Run(engine, domain.catalogue, "rules")
    widened = older._widened

    def while_another_begins(due):
        with writing(engine) as conn:
            store.checks.go_on(conn, "another")
        yield from widened(due)

    older._widened = while_another_begins
    with pytest.raises(quality._OtherRun):
        older.do()
    assert flags(agent) == [1, 1, 3, 1, 1]
    engine.dispose()


def test_findings_are_paged_and_narrowed_to_own_stations(agent, water, send, settings):
    send(*ph(7, 7, 13, 7, 7), *(line.replace("-01,", "-02,") for line in ph(13)))
    check_quality(settings)
    whole = agent.get("/v1/findings").json()["items"]
    paged, cursor = [], {}
    while cursor is not None:
        page = agent.get("/v1/findings", params={"limit": 2, **cursor}).json()
        paged += page["items"]
        cursor = {"cursor": page["next"]} if page["next"] else None
    with water("measurements:read", stations=["CPM-02"]) as narrow:
        told = narrow.get("/v1/findings").json()["items"]

    assert len(whole) == 7
    assert paged == whole
    assert [(f["station"], f["test"]) for f in told] == [("CPM-02", "gross_range")]
    assert findings(agent, **{"from": "2026-01-04T19:30:00Z"}) == findings(agent)[4:6]
    assert findings(agent, parameter="do") == []


def test_a_station_that_is_changed_is_checked_anew_and_one_may_have_bounds_of_its_own(
    agent, water, send, settings
):
    engine, known = connect(settings.database_url, timeout_s=10), domain_of(settings).catalogue
    send(HOUR.format("do", 9, 12, "mg/L"), HOUR.format("temp", 9, 25, "degC"))
    # 1.5 times what water holds is 11.4 mg/L at 670 m, and 12.4 by the sea.
    assert quality.run(engine, known, rules="own").judged == 2
    with water("stations:write") as operator:
        tag = operator.get("/v1/stations/CPM-01").headers["ETag"]
        down = operator.patch(
            "/v1/stations/CPM-01", json={"altitude_m": 0}, headers={"If-Match": tag}
        )
        assert down.status_code == 200
    assert quality.run(engine, known, rules="own").judged == 2
    assert flags(agent) == [1, 1]
    send(HOUR.format("temp", 10, 29, "degC"), HOUR.format("temp", 11, 34, "degC"))
    assert flags(agent, parameter="temp") == [1, 1, 3]
    hot = '[[check]]\nparameter = "temp"\nstation = "CPM-01"\nrange = {suspect = [20, 50]}'
    adopt(engine, "hot")
    quality.run(engine, thresholds.overridden(known, hot), rules="hot")

    assert flags(agent, parameter="temp") == [1, 1, 1]
    engine.dispose()


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_check_that_is_under_way_ends_with_its_service(send, settings, tmp_path):
    send(*ph(7))
    engine = connect(settings.database_url, timeout_s=10)
    checks = jobs.Checks(engine, settings, service="water", rules="rules")
    begun = tmp_path / "begun"
    code = f"import pathlib, time; pathlib.Path({str(begun)!r}).touch(); time.sleep(60)"
    checks._command = [sys.executable, "-IS", "-c", code]
    waiting = threading.Thread(target=checks.begin)
    waiting.start()
    deadline = time.monotonic() + 20
    while not begun.exists() and time.monotonic() < deadline:
        time.sleep(0.01)
    checks.stop()
    waiting.join(timeout=10)

    assert begun.exists()
    assert not waiting.is_alive()
    begun.unlink()
    checks.begin()
    assert not begun.exists()
    engine.dispose()


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_service_checks_by_itself_with_an_operators_thresholds(
    database_url, serve, signing, tmp_path
):
    file = tmp_path / "checks.toml"
    file.write_text('[[check]]\nparameter = "ph"\nspike = {suspect = 0.5}\nrate = false\n')
    settings = WaterSettings(
        database_url=SecretStr(database_url), checks_file=file, quality_period_s=1
    )
    app = service.build(settings, domain_of(settings), keys=signing.keys)
    scopes = ["stations:write", "measurements:write", "measurements:read"]
    client = serve(app, token=signing.token(scopes))
    station = {
        "code": "CPM-01", "name": "Test", "kind": "river", "latitude": -6.94, "longitude": 107.66,
        "timezone": "Asia/Jakarta", "jurisdiction": "bandung", "origin": "synthetic",
    }  # fmt: skip
    assert client.post("/v1/stations", json=station).status_code == 201
    body = HEADER + "".join(f"{line}\n" for line in ph(7, 7, 7.6, 7, 7))
    client.post("/v1/uploads", content=body, headers={"Content-Type": "text/csv"})
    deadline = time.monotonic() + 60
    while 3 not in flags(client) and time.monotonic() < deadline:
        time.sleep(0.5)

    assert flags(client) == [1, 1, 3, 1, 1]
    ph_as_told = next(p for p in client.get("/v1/parameters").json()["items"] if p["code"] == "ph")
    assert ph_as_told["checks"]["spike"] == {"suspect": 0.5, "fail": None}
    assert (ph_as_told["checks"]["rate"], ph_as_told["checks"]["source"]) == (None, "Operator")


def test_thresholds_that_cannot_be_read_end_the_start_with_a_reason(tmp_path):
    file = tmp_path / "checks.toml"
    file.write_text('[[check]]\nparameter = "ph"\nspike = 0.5\n')
    settings = WaterSettings(checks_file=file)

    with pytest.raises(SettingUnfit, match=r"checks.toml: check 1 \(ph\): spike: write"):
        service.build(settings, domain_of(settings))
