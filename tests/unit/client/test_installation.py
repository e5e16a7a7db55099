from pathlib import Path

import pytest

from kembar_client.installation import PROCESSES, Installation

VAR = Path("/data/kembar")


def test_ports_follow_the_gateways():
    installation = Installation(9000, VAR, "sqlite", {})

    assert [installation.port_of(name) for name in PROCESSES] == [9000, 9001, 9002, 9003]
    assert installation.environment_of("gateway")["KEMBAR_GATEWAY_AIR_URL"] == (
        "http://127.0.0.1:9003"
    )
    assert installation.environment_of("air")["KEMBAR_AIR_PORT"] == "9003"


def test_each_process_has_a_database_of_its_own():
    files = {Installation(8000, VAR, "sqlite", {}).database_of(name) for name in PROCESSES}
    server = Installation(8000, VAR, "postgresql://kembar@db:5432/?sslmode=require", {})

    assert len(files) == 4
    assert "sqlite:////data/kembar/water.sqlite" in files
    assert server.database_of("water") == (
        "postgresql://kembar@db:5432/kembar_water?sslmode=require"
    )


def test_a_database_is_said_to_be_at_its_host_and_port_and_no_password_is_told():
    server = Installation(8000, VAR, "postgresql://kembar:hush@db:5433/", {})
    own = {"KEMBAR_AIR_DATABASE_URL": "postgresql://other/air"}

    assert server.place_of("water") == "db:5433"
    assert Installation(8000, VAR, "sqlite", own).place_of("air") == "other"
    assert Installation(8000, VAR, "sqlite", {}).place_of("air") == "/data/kembar/air.sqlite"


def test_every_process_believes_the_same_issuer():
    installation = Installation(8000, VAR, "sqlite", {"KEMBAR_GATEWAY_ISSUER": "https://kembar.id"})

    issuers = {
        installation.environment_of(name)[f"KEMBAR_{name.upper()}_ISSUER"] for name in PROCESSES
    }

    assert issuers == {"https://kembar.id"}


def test_what_the_operator_set_wins():
    own = {"KEMBAR_WATER_PORT": "7000", "KEMBAR_WATER_DATABASE_URL": "sqlite:///w", "PATH": "/bin"}

    installation = Installation(8000, VAR, "sqlite", own)

    water, gateway = (installation.environment_of(name) for name in ("water", "gateway"))
    assert (water["KEMBAR_WATER_DATABASE_URL"], water["PATH"]) == ("sqlite:///w", "/bin")
    assert water["KEMBAR_WATER_PORT"] == "7000"
    assert gateway["KEMBAR_GATEWAY_WATER_URL"] == "http://127.0.0.1:7000"


@pytest.mark.parametrize(
    ("own", "pull_s", "stale_s"),
    [
        ({}, "10", "30"),
        ({"KEMBAR_GATEWAY_PULL_PERIOD_S": "1"}, "1", "3"),
        ({"KEMBAR_GATEWAY_STALE_AFTER_S": "99"}, "10", "99"),
        ({"KEMBAR_GATEWAY_PULL_PERIOD_S": "soon"}, "soon", "soon"),
    ],
)
def test_a_source_is_stale_after_three_pulls_that_failed(own, pull_s, stale_s):
    gateway = Installation(8000, VAR, "sqlite", own).environment_of("gateway")

    assert gateway["KEMBAR_GATEWAY_PULL_PERIOD_S"] == pull_s
    assert gateway["KEMBAR_GATEWAY_STALE_AFTER_S"] == stale_s


def test_a_service_knows_no_secret_of_the_gateway():
    environment = Installation(8000, VAR, "sqlite", {}).environment_of("waste")

    assert not [name for name in environment if "KEYS_FILE" in name or "CREDENTIALS" in name]
