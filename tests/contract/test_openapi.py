"""The published schemas are a promise: a change of them is seen, and read, before it lands."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

PROMISED = Path(__file__).parent / "openapi"


@pytest.mark.parametrize("service", ["gateway", "waste", "water", "air"])
def test_the_schema_is_the_one_promised(service, tmp_path):
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    printed = subprocess.run(
        [sys.executable, "-m", f"kembar_{service}", "openapi"],
        capture_output=True,
        check=True,
        cwd=tmp_path,
        env=kept,
        timeout=60,
    ).stdout

    promised = (PROMISED / f"{service}.json").read_text(encoding="utf-8")
    assert json.loads(printed) == json.loads(promised), "run `make openapi` and read the diff"
