"""The compose file: one machine with everything on it."""

from __future__ import annotations

import re

import pytest
from ruamel.yaml import YAML

from tests.deploying import DEPLOY, PROCESSES, check, misspelt, run, tool

FILE = DEPLOY / "compose.yaml"
SCHEMA = ("--builtin-schema", "vendor.compose-spec")


@pytest.fixture(scope="module")
def services() -> dict:
    return YAML(typ="safe").load(FILE)["services"]


def test_it_keeps_to_its_schema_and_a_misspelt_key_is_found(tmp_path):
    wrong = tmp_path / "compose.yaml"
    wrong.write_text(FILE.read_text().replace("  cap_drop:", "  cap_dorp:", 1))

    check(tool("check-jsonschema"), *SCHEMA, FILE)
    assert "cap_dorp" in run(tool("check-jsonschema"), *SCHEMA, wrong).stdout


@pytest.mark.parametrize("name", PROCESSES)
def test_each_process_is_migrated_by_another_role_before_it_serves(services, name):
    migration, process = services[f"{name}-migrate"], services[name]
    url = f"KEMBAR_{name.upper()}_DATABASE_URL"

    assert process["command"] == ["serve"]
    assert migration["command"] == ["migrate", "--grant", "kembar_serving"]
    assert process["depends_on"] == {
        f"{name}-migrate": {"condition": "service_completed_successfully"}
    }
    assert migration["build"]["args"] == {"SERVICE": name}
    assert migration["image"] == process["image"]
    assert migration["environment"][url].startswith("postgresql://kembar_owner:")
    assert process["environment"][url].startswith("postgresql://kembar_serving:")


def test_what_runs_can_change_nothing_but_its_own(services):
    kembar = [services[n] for name in PROCESSES for n in (name, f"{name}-migrate")]

    for service in kembar:
        assert service["read_only"] is True
        assert service["cap_drop"] == ["ALL"]
        assert service["security_opt"] == ["no-new-privileges:true"]
        assert "mem_limit" in service
    knows = {n for n, each in services.items() if "POSTGRES_PASSWORD" in str(each)}
    assert knows == {"postgres"}


def test_caddy_alone_is_reachable_from_elsewhere(services):
    ports = {name: each["ports"] for name, each in services.items() if "ports" in each}

    assert set(ports) == {"caddy", "prometheus", "alertmanager", "grafana"}
    outside = {n for n, each in ports.items() if not all(p.startswith("127.0.0.1:") for p in each)}
    assert outside == {"caddy"}


def test_every_setting_is_one_that_is_read(services):
    given = {key for each in services.values() for key in each.get("environment", ())}
    given -= {"KEMBAR_OWNER_PASSWORD", "KEMBAR_SERVING_PASSWORD"}

    assert misspelt(given) == set()
    assert misspelt({"KEMBAR_WATER_JWKS_FLIE"}) == {"KEMBAR_WATER_JWKS_FLIE"}


def test_each_address_leads_to_where_something_listens():
    edge = (DEPLOY / "caddy" / "Caddyfile").read_text()
    urls = re.findall(r"http://caddy:(\d+)", FILE.read_text())

    assert set(urls) == {"8000", "8001", "8002", "8003"}
    assert set(urls) == set(re.findall(r"INSIDE:(\d+)\}", edge))
    assert set(re.findall(r"S:(\w+):8000\}", edge)) == set(PROCESSES)


def test_the_example_holds_no_secret_and_names_every_variable():
    example = (DEPLOY / "env.example").read_text()
    given = dict(re.findall(r"^([A-Z_]+)=(.*)$", example, re.MULTILINE))

    assert set(given) == set(re.findall(r"\$\{([A-Z_]+)", FILE.read_text()))
    assert {value for name, value in given.items() if "PASSWORD" in name} == {""}


def test_every_file_that_is_mounted_is_there(services):
    mounted = {
        volume.split(":")[0]
        for name in ("caddy", "postgres")
        for volume in services[name]["volumes"]
        if volume.startswith("./")
    }

    assert {each for each in mounted if not (DEPLOY / each).is_file()} == set()
