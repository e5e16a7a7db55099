"""The API is what its schema says (promise P18): requests made from the schema, right and wrong."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.service.access import OF_THE_SAME_MAKE
from tests.service.conftest import APPS

SCOPES = (
    "measurements:write measurements:read measurements:review stations:write indicators:read "
    "outcomes:read metrics:read clients:manage register:write reports:publish audit:read"
)
NOT_PROMISED = "positive_data_acceptance"
"""No schema says which cursor, zone, station or file is there to be found."""

HOOKS = Path(__file__).with_name("schema_hooks.py")
THE_SAME_EACH_TIME = ["--max-examples", "10", "--generation-deterministic"]
"""A commit answers for itself, not for a draw; `make soak` draws anew, and more."""

IS_SOAK = os.environ.get("KEMBAR_SOAK") == "1"


SIDES = [
    (name, database)
    for name in APPS
    for database in ("sqlite", "postgresql")
    if IS_SOAK or database == "sqlite" or name in {"gateway", "water"}
]
"""Waste and air put water's statements to the database."""


@pytest.mark.parametrize(("name", "new_url"), SIDES, indirect=["new_url"])
def test_the_process_answers_as_its_schema_says(app, serve, signing, tmp_path):
    client = serve(app)
    done = subprocess.run(
        [
            Path(sys.executable).with_name("schemathesis"), "--no-color",
            "run", f"{client.base_url}/openapi.json",
            "--header", f"Authorization: Bearer {signing.token(SCOPES)}",
            "--exclude-checks", NOT_PROMISED,
            *(["--max-examples", "200"] if IS_SOAK else THE_SAME_EACH_TIME),
            "--continue-on-failure",
            *([] if IS_SOAK else ["--exclude-path-regex", f"^({'|'.join(OF_THE_SAME_MAKE)})"]),
        ],
        cwd=tmp_path,
        env=os.environ | {"SCHEMATHESIS_HOOKS": str(HOOKS)},
        capture_output=True,
        text=True,
        timeout=1800 if IS_SOAK else 240,
        check=False,
    )  # fmt: skip

    assert done.returncode == 0, done.stdout + done.stderr
    assert "Stateful" in done.stdout
