"""What Prometheus scrapes."""

from __future__ import annotations

import shutil

from ruamel.yaml import YAML

from tests.deploying import DEPLOY, PROCESSES, check, tool


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
    shutil.copy(DEPLOY / "prometheus" / "rules.yml", tmp_path)
    (tmp_path / "prometheus.yml").write_text(
        text.replace("/run/secrets/scraper_secret", str(secret))
    )

    check(promtool, "check", "config", tmp_path / "prometheus.yml")
