"""The units for a machine without containers."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from tests.deploying import DEPLOY, PROCESSES, misspelt, run, tool

UNITS = DEPLOY / "systemd"
NAMES = ("kembar@water.service", "kembar-migrate@water.service", "kembar.target")
MOST_EXPOSED = "15"
"""Tenths, of 100 in systemd's own reckoning: reaching the network alone is 8 of them."""


@pytest.fixture
def machine(tmp_path) -> Path:
    """Give a root with the units and the programs they start."""
    systemd, programs = tmp_path / "usr/lib/systemd", tmp_path / "opt/kembar/bin"
    shutil.copytree("/usr/lib/systemd/system", systemd / "system", symlinks=True)
    programs.mkdir(parents=True)
    for name in PROCESSES:
        shutil.copy2("/bin/true", programs / f"kembar-{name}")
    for unit in UNITS.glob("kembar*"):
        shutil.copy(unit, systemd / "system")
    return tmp_path


def verify(root: Path) -> str:
    """Return what systemd has to say against the units; it starts them in spite of most."""
    done = run(tool("systemd-analyze"), "verify", f"--root={root}", "--man=no", *NAMES)
    return done.stdout + done.stderr


def test_systemd_finds_nothing_wrong_and_would_find_a_misspelt_key(machine):
    assert verify(machine) == ""

    unit = machine / "usr/lib/systemd/system/kembar@.service"
    unit.write_text(unit.read_text().replace("ProtectHome=", "ProtectHouse="))
    assert "ProtectHouse" in verify(machine)


@pytest.mark.parametrize("unit", NAMES[:2])
def test_a_process_is_hardly_exposed_and_one_with_more_rights_is_found(machine, unit):
    security = (
        tool("systemd-analyze"), "security", "--offline=true", f"--root={machine}",
        f"--threshold={MOST_EXPOSED}", unit,
    )  # fmt: skip
    assert run(*security).returncode == 0

    file = machine / "usr/lib/systemd/system" / unit.replace("water", "")
    file.write_text(file.read_text().replace("ProtectSystem=strict", "ProtectSystem=no"))
    file.write_text(file.read_text().replace("CapabilityBoundingSet=\n", ""))
    assert run(*security).returncode != 0


def test_who_migrates_is_as_confined_as_who_serves():
    def confined(unit: str) -> str:
        return (
            (UNITS / unit).read_text().partition("NoNewPrivileges")[2].partition("\n[")[0].strip()
        )

    assert confined("kembar@.service") == confined("kembar-migrate@.service") != ""


def test_every_setting_of_the_examples_is_one_that_is_read():
    given = set()
    for file in UNITS.glob("*.env.example"):
        given |= set(re.findall(r"^#? ?([A-Z_]+)=", file.read_text(), re.MULTILINE))

    assert misspelt(given) == {"KEMBAR_MIGRATE_ARGUMENTS"}
    assert any("KEMBAR_MIGRATE_ARGUMENTS" in unit.read_text() for unit in UNITS.glob("*.service"))
