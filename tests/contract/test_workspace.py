"""What the project files promise each other: one version, and pins that fit the members."""

import itertools
import re
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).parents[2]
LISTS = ROOT / "deploy" / "requirements"
MEMBERS = {
    "kembar-shared": ROOT / "shared",
    "kembar-waste": ROOT / "services" / "waste",
    "kembar-water": ROOT / "services" / "water",
    "kembar-air": ROOT / "services" / "air",
    "kembar-gateway": ROOT / "gateway",
    "kembar-client": ROOT / "client",
}
DEPLOYED = ["waste", "water", "air", "gateway", "client"]
PIN = re.compile(r"^([A-Za-z0-9._-]+)==(\S+)(?: ; [^\\]+)? \\$")


def project(folder: Path) -> dict:
    return tomllib.loads((folder / "pyproject.toml").read_text())["project"]


def pins(name: str) -> dict[str, str]:
    """The version of each package that a list pins."""
    lines = (LISTS / f"{name}.txt").read_text().splitlines()
    found = (PIN.match(line) for line in lines)
    return {canonicalize_name(pin[1]): pin[2] for pin in found if pin}


def required(member: str) -> list[Requirement]:
    """What *member* asks for from outside, through the members it stands on."""
    asked = []
    for requirement in map(Requirement, project(MEMBERS[member]).get("dependencies", [])):
        asked += required(requirement.name) if requirement.name in MEMBERS else [requirement]
    return asked


def misfits(asked: list[Requirement], pinned: dict[str, str]) -> list[str]:
    return [
        f"{requirement} but {pinned.get(canonicalize_name(requirement.name))} is pinned"
        for requirement in asked
        if not requirement.specifier.contains(
            Version(pinned.get(canonicalize_name(requirement.name), "0.dev0")), prereleases=True
        )
    ]


def test_the_members_are_the_workspaces():
    workspace = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["uv"]["workspace"]
    folders = {path for pattern in workspace["members"] for path in ROOT.glob(pattern)}

    assert {path for path in folders if path.is_dir()} == set(MEMBERS.values())
    assert {name: project(folder)["name"] for name, folder in MEMBERS.items()} == {
        name: name for name in MEMBERS
    }


def test_all_members_carry_one_version_and_ask_for_each_other_by_it():
    versions = {project(folder)["version"] for folder in [*MEMBERS.values(), ROOT]}
    asked = {
        str(requirement.specifier)
        for folder in MEMBERS.values()
        for requirement in map(Requirement, project(folder)["dependencies"])
        if requirement.name in MEMBERS
    }

    assert len(versions) == 1
    assert asked == {f"=={versions.pop()}"}


@pytest.mark.parametrize("name", DEPLOYED)
def test_a_members_pins_satisfy_what_it_asks_for(name):
    assert misfits(required(f"kembar-{name}"), pins(name)) == []


@pytest.mark.parametrize("group", ["dev", "build"])
def test_a_groups_pins_satisfy_what_it_asks_for(group):
    groups = tomllib.loads((ROOT / "pyproject.toml").read_text())["dependency-groups"]

    assert misfits([Requirement(text) for text in groups[group]], pins(group)) == []


def test_no_two_lists_disagree():
    everything = pins("all")
    differing = {
        (name, package)
        for name in [*DEPLOYED, "dev", "build"]
        for package, version in pins(name).items()
        if everything.get(package, version) != version
    }

    assert differing == set()
    assert everything == {k: v for name in DEPLOYED for k, v in pins(name).items()}


@pytest.mark.parametrize("file", sorted(LISTS.glob("*.txt")), ids=lambda file: file.stem)
def test_a_list_is_hashed_and_names_no_place(file):
    lines = file.read_text().splitlines()
    entries = [line for line in lines if not line.startswith("    --hash=")]

    assert entries
    assert [line for line in entries if not PIN.match(line)] == []
    assert "/" not in file.read_text()
    for line, following in itertools.pairwise(lines):
        assert not PIN.match(line) or following.startswith("    --hash=sha256:"), line


def test_no_lock_that_names_hosts_is_in_git():
    git = shutil.which("git")
    if git is None or not (ROOT / ".git").exists():
        pytest.skip("not a git checkout")

    tracked = subprocess.run(
        [git, "ls-files", "*uv.lock", "*poetry.lock", "*package-lock.json"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )

    assert tracked.stdout == ""
