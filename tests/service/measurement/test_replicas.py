"""Two replicas on one database, one of them with other limits."""

import os
import re
import subprocess
import sys

import httpx
import pytest
from pydantic import SecretStr

from kembar_shared.chassis.database import serving
from kembar_shared.measurement import service
from kembar_water.app import adopt, domain_of, obstacle
from kembar_water.settings import WaterSettings
from tests.loopback import PLAIN

OTHER = """
[[limit]]
standard = "pp-22-2021-vi"
parameter = "bod"
class = "II"
valid_from = 2021-02-02
most = 6

[[factor]]
standard = "kembar-completeness"
subject = "year"
quantity = "least_share"
valid_from = 2023-01-01
value = 0.5
"""
HOURS = "CPM-01,ph,2023-05-{:02}T00:00:00+07:00,7,pH,,,P1D"
IN_FORCE = re.compile(r'kembar_rules_in_force\{of="judgement"\} ([01])')


@pytest.fixture
def usual(database_url):
    return WaterSettings(database_url=SecretStr(database_url))


@pytest.fixture
def amended(usual, tmp_path):
    file = tmp_path / "standards.toml"
    file.write_text(OTHER)
    return usual.model_copy(update={"standards_file": file})


@pytest.fixture
def other(agent, amended, serve, signing):
    """Return a client of a second replica, which has other limits."""
    app = service.build(amended, domain_of(amended), keys=signing.keys)
    base = str(serve(app).base_url)
    with httpx.Client(base_url=base, headers=dict(agent.headers), **PLAIN) as client:
        yield client


def migrated(settings):
    engine = serving(settings)
    adopt(settings, engine)
    engine.dispose()


def index(client):
    (figure,) = (
        item
        for item in client.get("/v1/indicators", params={"from": "2023", "to": "2024"}).json()[
            "items"
        ]
        if (item["indicator"], item["period"]) == ("water.pollution_index", "2023-04")
    )
    return figure["value"], figure["method"]


def moves(client):
    return [
        (item["figure"]["before"]["method"], item["figure"]["after"]["method"])
        for item in client.get("/v1/changes", params={"limit": 10_000}).json()["items"]
        if item["change"] == "rules" and item["figure"]["indicator"] == "water.pollution_index"
    ]


def standings(*clients):
    return [int(IN_FORCE.search(client.get("/metrics").text)[1]) for client in clients]


def test_replicas_with_other_limits_never_compute_by_turns(agent, other, upload, usual, amended):
    for name, value in {"bod": 5, "cod": 30, "no3_n": 5, "tss": 60}.items():
        assert upload(f"CPM-01,{name},2023-04-04T09:00:00+07:00,{value},mg/L,,").status_code == 201
    first = index(agent)

    # Nobody brought the other limits into force: their replica answers what stands, and says so.
    for client in (other, agent, other, agent):
        assert index(client) == first
    assert (moves(agent), standings(agent, other)) == ([], [1, 0])
    assert "not those in force for figures and indices" in obstacle(amended)
    assert obstacle(usual) is None

    # Once brought into force, they hold for all: the old replica computes no more.
    migrated(amended)
    assert standings(agent, other) == [0, 1]
    assert index(agent) == first
    second = index(other)
    assert second[0] < first[0]
    assert second[1].startswith(first[1] + "+")
    for client in (agent, other, agent):
        assert index(client) == second
    once = [(first[1], second[1])] * len(moves(other))
    assert moves(other) == once != []
    assert (obstacle(amended), obstacle(usual) is None) == (None, False)

    # Measurements that the old replica takes are computed with by the other one.
    assert upload("CPM-01,bod,2023-04-04T09:00:00+07:00,20,mg/L,,").status_code == 201
    assert index(agent) == second
    third = index(other)
    assert third[0] > second[0]
    assert index(agent) == third

    # Back again, because somebody says so.
    migrated(usual)
    assert index(other) == third
    assert index(agent)[1] == first[1]
    for client in (other, agent, other):
        assert index(client)[1] == first[1]
    back = [(second[1], first[1])] * (len(moves(agent)) - len(once))
    assert (moves(agent), back != []) == (once + back, True)


def test_sums_are_judged_by_an_amended_share(agent, other, upload):
    lines = [f"CPM-01,ph,2023-{month:02}-10T09:00:00+07:00,7,pH,," for month in range(1, 8)]
    assert upload(*lines).json()["inserted"] == 7

    asked = {"period": "year", "parameter": "ph"}
    states = [
        client.get("/v1/rollups", params=asked).json()["items"][0]["state"]
        for client in (agent, other)
    ]
    assert states == ["insufficient", "ok"]


def test_a_process_with_other_limits_does_not_start_until_they_are_brought_into_force(
    sqlite_url, tmp_path
):
    file = tmp_path / "standards.toml"
    file.write_text(OTHER)
    environment = {
        "PATH": os.environ["PATH"],
        "KEMBAR_WATER_DATABASE_URL": sqlite_url,
        "KEMBAR_WATER_AUDIT_KEY_FILE": str(tmp_path / "audit.key"),
    }

    def run(command, **more):
        return subprocess.run(
            [sys.executable, "-m", "kembar_water", command],
            env=environment | more,
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    other = {"KEMBAR_WATER_STANDARDS_FILE": str(file)}
    assert run("migrate", **other).returncode == 0
    refused = run("serve")
    assert (refused.returncode, refused.stdout) == (3, "")
    assert "not those in force for figures and indices" in refused.stderr
    assert "kembar-water migrate" in refused.stderr
