"""The Caddyfile; `tests/e2e/test_replicas.py` starts it."""

from __future__ import annotations

import json

from tests.deploying import DEPLOY, PROCESSES, check, run, tool

FILE = DEPLOY / "caddy" / "Caddyfile"


def command(task: str, file=FILE):
    return tool("caddy"), task, "--config", file, "--adapter", "caddyfile"


def test_caddy_accepts_it_and_would_refuse_a_misspelt_word(tmp_path):
    wrong = tmp_path / "Caddyfile"
    wrong.write_text(FILE.read_text().replace("lb_try_duration", "lb_try_durration"))

    check(*command("validate"))
    done = run(*command("validate", wrong))
    assert done.returncode != 0
    assert "lb_try_durration" in done.stderr


def test_replicas_are_words_of_one_list():
    adapted = json.loads(check(*command("adapt"), KEMBAR_WATERS="water-1:8000 water-2:8000"))

    dials = [
        tuple(upstream["dial"] for upstream in handler["upstreams"])
        for server in adapted["apps"]["http"]["servers"].values()
        for handler in proxies(server)
    ]
    assert sorted(dials) == sorted(
        [("gateway:8000",), *((f"{name}:8000",) for name in PROCESSES if name != "water"),
         ("water-1:8000", "water-2:8000")]
    )  # fmt: skip


def proxies(part):
    """Return every handler below *part* that passes requests on."""
    if isinstance(part, dict):
        if part.get("handler") == "reverse_proxy":
            return [part]
        part = list(part.values())
    if isinstance(part, list):
        return [found for each in part for found in proxies(each)]
    return []
