"""The deployment files, and the programs that check them without a container engine."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from kembar_air.settings import AirSettings
from kembar_gateway.settings import GatewaySettings
from kembar_waste.settings import WasteSettings
from kembar_water.settings import WaterSettings

ROOT = Path(__file__).parents[1]
DEPLOY = ROOT / "deploy"
PROCESSES = ("gateway", "waste", "water", "air")
SETTINGS = (GatewaySettings, WasteSettings, WaterSettings, AirSettings)
EDGE = frozenset(
    re.findall(r"\{\$(KEMBAR_[A-Z_]+)", (DEPLOY / "caddy" / "Caddyfile").read_text())
)  # fmt: skip


def tool(name: str) -> str:
    """Return where the program *name* lies, beside Python or on the path, or skip."""
    found = shutil.which(name, path=str(Path(sys.executable).parent)) or shutil.which(name)
    if found is None:
        reason = f"{name} is absent: see deploy/ci/apt-packages.txt"
        if os.environ.get("KEMBAR_REQUIRE_ALL") == "1":
            pytest.fail(reason)
        pytest.skip(reason)
    return found


def run(*command: object, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run *command*, seen from the root of the repository."""
    return subprocess.run(
        [*map(str, command)],
        cwd=ROOT,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=False,
    )


def check(*command: object, **environment: str) -> str:
    """Run *command*, which must succeed; return what it wrote."""
    done = run(*command, **environment)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def known_variables() -> set[str]:
    """Return every variable that a process or the edge reads."""
    named = {
        f"{kind.model_config['env_prefix']}{field}".upper()
        for kind in SETTINGS
        for field in kind.model_fields
    }
    return named | EDGE


def misspelt(variables: Iterator[str] | set[str]) -> set[str]:
    """Return those of *variables* that nobody reads: a process would start without its setting."""
    return {each for each in variables if each.startswith("KEMBAR_")} - known_variables()
