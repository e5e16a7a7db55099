"""The recipe of the images; `make check-image` builds and runs them."""

from __future__ import annotations

import re

from tests.deploying import DEPLOY, PROCESSES, check, run, tool

RECIPE = DEPLOY / "Dockerfile"


def test_the_recipe_is_sound_and_one_that_is_not_is_found(tmp_path):
    unsound = tmp_path / "Dockerfile"
    unsound.write_text(RECIPE.read_text().replace('ENTRYPOINT ["kembar-service"]', "ENTRYPOINT x"))

    check(tool("hadolint"), RECIPE)
    assert "DL3025" in run(tool("hadolint"), unsound).stdout


def test_every_process_and_the_client_has_an_image_of_hash_pinned_packages():
    text = RECIPE.read_text()
    stages = set(re.findall(r"^FROM \w+ AS (\w+)$", text, re.MULTILINE))

    assert {*PROCESSES, "client"} <= stages
    for name in (*PROCESSES, "client", "build"):
        assert "--hash=sha256:" in (DEPLOY / "requirements" / f"{name}.txt").read_text()
    assert text.count("--require-hashes") == 2


def test_what_runs_is_nobody_special_and_says_whether_it_lives():
    runtime, process = RECIPE.read_text().split(" AS runtime\n")[1].split("FROM runtime AS process")

    assert re.search(r"^USER 10001$", runtime, re.MULTILINE)
    assert "pip" not in runtime + process
    assert "HEALTHCHECK" in process
