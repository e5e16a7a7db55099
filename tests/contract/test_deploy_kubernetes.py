"""The production overlay as `kubectl kustomize` renders it."""

from __future__ import annotations

import pytest
from ruamel.yaml import YAML

from tests.deploying import DEPLOY, PROCESSES, check, misspelt, run, tool

OVERLAY = DEPLOY / "kubernetes" / "production"


@pytest.fixture(scope="module")
def text() -> str:
    return check(tool("kubectl"), "kustomize", OVERLAY)


@pytest.fixture(scope="module")
def objects(text) -> dict[tuple[str, str], dict]:
    found = YAML(typ="safe").load_all(text)
    return {(each["kind"], each["metadata"]["name"]): each for each in found}


@pytest.fixture(scope="module")
def pods(objects) -> dict[tuple[str, str], dict]:
    """What each Deployment and Job makes pods of."""
    return {
        key: each["spec"]["template"]
        for key, each in objects.items()
        if key[0] in {"Deployment", "Job"}
    }


def selects(selector: dict[str, str], pod: dict) -> bool:
    return selector.items() <= pod["metadata"]["labels"].items()


def test_it_keeps_to_the_schemas_and_a_misspelt_key_is_found(text, tmp_path):
    right, wrong = tmp_path / "right.yaml", tmp_path / "wrong.yaml"
    right.write_text(text)
    wrong.write_text(text.replace("readinessProbe:", "readynessProbe:", 1))
    validate = (tool("kubernetes-validate"), "--strict", "--quiet")

    check(*validate, right)
    done = run(*validate, wrong)
    assert done.returncode != 0
    assert "readynessProbe" in done.stdout + done.stderr


def test_every_process_has_replicas_a_migration_and_a_budget(objects, pods):
    for name in PROCESSES:
        assert objects["Deployment", name]["spec"]["replicas"] >= 2
        assert ("Job", f"{name}-migrate") in objects
        selector = objects["PodDisruptionBudget", name]["spec"]["selector"]["matchLabels"]
        assert [key for key, pod in pods.items() if selects(selector, pod)] == [
            ("Deployment", name)
        ]


def test_no_request_is_led_to_a_migration(objects, pods):
    for name in PROCESSES:
        selector = objects["Service", name]["spec"]["selector"]
        assert [key for key, pod in pods.items() if selects(selector, pod)] == [
            ("Deployment", name)
        ]


def test_each_pod_is_bounded_and_may_do_nothing_else(pods):
    for pod in pods.values():
        (container,) = pod["spec"]["containers"]
        assert pod["spec"]["securityContext"]["runAsNonRoot"] is True
        assert pod["spec"]["automountServiceAccountToken"] is False
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }
        assert {"cpu", "memory"} <= container["resources"]["requests"].keys()
        assert "memory" in container["resources"]["limits"]


def test_each_replica_says_when_it_may_be_asked(objects):
    for name in PROCESSES:
        (container,) = objects["Deployment", name]["spec"]["template"]["spec"]["containers"]
        paths = [container[f"{kind}Probe"]["httpGet"]["path"] for kind in
                 ("startup", "readiness", "liveness")]  # fmt: skip
        assert paths == ["/readyz", "/livez", "/livez"]


def test_the_serving_replicas_never_see_the_owner_of_the_tables(pods):
    for (kind, name), pod in pods.items():
        (container,) = pod["spec"]["containers"]
        secrets = {e["secretRef"]["name"] for e in container["envFrom"] if "secretRef" in e}
        owner = name.removesuffix("-migrate")
        assert secrets == {f"{owner}-serving" if kind == "Deployment" else f"{owner}-owning"}


def test_every_volume_that_is_mounted_is_asked_for(objects):
    claims = {name for kind, name in objects if kind == "PersistentVolumeClaim"}
    mounted = {
        volume["persistentVolumeClaim"]["claimName"]
        for name in PROCESSES
        for volume in objects["Deployment", name]["spec"]["template"]["spec"]["volumes"]
        if "persistentVolumeClaim" in volume
    }

    assert mounted == claims == {*PROCESSES, *(f"{name}-backups" for name in PROCESSES)}


def test_nothing_is_reached_but_what_is_named(objects):
    default = objects["NetworkPolicy", "nothing-else"]["spec"]
    services = objects["NetworkPolicy", "services"]["spec"]

    assert default == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
    assert services["ingress"][0]["from"] == [
        {"podSelector": {"matchLabels": {"app.kubernetes.io/name": "gateway"}}}
    ]


def test_the_world_does_not_see_how_the_processes_fare(objects, pods):
    (rule,) = objects["Ingress", "kembar"]["spec"]["rules"]
    ways = {p["path"]: p["backend"]["service"]["name"] for p in rule["http"]["paths"]}

    assert ways == {
        "/": "gateway",
        "/metrics": "nowhere",
        **{f"/{name}/metrics": "nowhere" for name in ("waste", "water", "air")},
    }
    nowhere = objects["Service", "nowhere"]["spec"]["selector"]
    assert not any(selects(nowhere, pod) for pod in pods.values())


def test_every_setting_is_one_that_is_read(objects):
    maps = [each["data"] for (kind, _), each in objects.items() if kind == "ConfigMap"]

    assert len(maps) == len(PROCESSES)
    assert misspelt({key for each in maps for key in each}) == set()
    assert {"KEMBAR_GATEWAY_ISSUER", "KEMBAR_AIR_JWKS_URL"} <= {key for m in maps for key in m}
