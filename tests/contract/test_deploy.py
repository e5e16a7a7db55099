"""The deployment files, checked as far as they can be without a container engine."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from ruamel.yaml import YAML

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
PROCESSES = ("gateway", "waste", "water", "air")


def tool(name: str) -> str:
    """Where the program *name* lies: beside Python, or on the path; skips where it is absent."""
    found = shutil.which(name, path=str(Path(sys.executable).parent)) or shutil.which(name)
    if found is None:
        reason = f"{name} is absent: see deploy/ci/apt-packages.txt"
        if os.environ.get("KEMBAR_REQUIRE_ALL") == "1":
            pytest.fail(reason)
        pytest.skip(reason)
    return found


def check(*command: str | Path) -> None:
    done = subprocess.run(
        [*map(str, command)], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(scope="module")
def compose() -> dict:
    return YAML(typ="safe").load(DEPLOY / "compose.yaml")


def test_the_dockerfile_is_sound():
    check(tool("hadolint"), DEPLOY / "Dockerfile")


def test_the_image_runs_as_nobody_special_and_says_whether_it_lives():
    last = (DEPLOY / "Dockerfile").read_text().rsplit("\nFROM ", 1)[1]

    assert re.search(r"^USER 10001$", last, re.MULTILINE)
    assert "HEALTHCHECK" in last
    assert "pip" not in last


def test_compose_keeps_to_its_schema():
    check(
        tool("check-jsonschema"),
        "--builtin-schema",
        "vendor.compose-spec",
        DEPLOY / "compose.yaml",
    )


@pytest.mark.parametrize("name", PROCESSES)
def test_each_process_migrates_before_it_serves(compose, name):
    services = compose["services"]

    assert services[name]["command"] == ["serve"]
    assert services[f"{name}-migrate"]["command"] == ["migrate"]
    assert services[name]["depends_on"] == {
        f"{name}-migrate": {"condition": "service_completed_successfully"}
    }
    assert services[name]["build"]["args"] == {"SERVICE": name}
    assert services[name]["environment"] == services[f"{name}-migrate"]["environment"]


def test_only_the_gateway_and_prometheus_are_reachable_and_from_this_machine_alone(compose):
    ports = {
        name: service["ports"]
        for name, service in compose["services"].items()
        if "ports" in service
    }

    assert set(ports) == {"gateway", "prometheus"}
    assert all(port.startswith("127.0.0.1:") for ports in ports.values() for port in ports)


def test_prometheus_scrapes_every_process():
    (job,) = YAML(typ="safe").load(DEPLOY / "prometheus" / "prometheus.yml")["scrape_configs"]

    (targets,) = job["static_configs"]
    assert targets["targets"] == [f"{name}:8000" for name in PROCESSES]
    assert job["oauth2"]["scopes"] == ["metrics:read"]


def test_promtool_accepts_the_configuration(tmp_path):
    promtool = tool("promtool")
    text = (DEPLOY / "prometheus" / "prometheus.yml").read_text()
    # promtool wants the secret's file to be there.
    secret = tmp_path / "scraper_secret"
    secret.write_text("x")
    (tmp_path / "prometheus.yml").write_text(
        text.replace("/run/secrets/scraper_secret", str(secret))
    )

    check(promtool, "check", "config", tmp_path / "prometheus.yml")


def test_the_example_holds_no_secret_and_names_every_variable():
    example = (DEPLOY / "env.example").read_text()
    given = dict(re.findall(r"^([A-Z_]+)=(.*)$", example, re.MULTILINE))
    asked = set(re.findall(r"\$\{([A-Z_]+)", (DEPLOY / "compose.yaml").read_text()))

    assert set(given) == asked
    assert given["POSTGRES_PASSWORD"] == ""
