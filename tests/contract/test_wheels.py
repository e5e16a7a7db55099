"""Each distribution's wheel: everything is inside, and what it installs starts by itself."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import zipfile
from importlib import metadata
from importlib.util import cache_from_source
from pathlib import Path

import httpx
import pytest
from packaging.requirements import Requirement

from tests.loopback import PLAIN

ROOT = Path(__file__).parents[2]
REQUIREMENTS = ROOT / "deploy" / "requirements"
MEMBERS = {
    "kembar-shared": ROOT / "shared",
    "kembar-waste": ROOT / "services" / "waste",
    "kembar-water": ROOT / "services" / "water",
    "kembar-air": ROOT / "services" / "air",
    "kembar-gateway": ROOT / "gateway",
    "kembar-client": ROOT / "client",
}
PROCESSES = ("waste", "water", "air", "gateway")
START_S = 30
MARKER = re.compile(r" ; [^\\]+ (?=\\)")
"""Of what is needed on some machines alone, which these are; elsewhere it may be needed anyway."""

DATA = {
    "kembar-shared": (
        "kembar_shared/chassis/messages.toml",
        "kembar_shared/chassis/migrations/versions/*.py",
        "kembar_shared/chassis/static/*.html",
        "kembar_shared/chassis/static/vendor/vendor.toml",
        "kembar_shared/chassis/static/vendor/swagger-ui/*.js",
        "kembar_shared/measurement/messages.toml",
        "kembar_shared/measurement/migrations/versions/*.py",
    ),
    "kembar-waste": ("kembar_waste/parameters.toml",),
    "kembar-water": ("kembar_water/parameters.toml",),
    "kembar-air": ("kembar_air/parameters.toml",),
    "kembar-gateway": (
        "kembar_gateway/messages.toml",
        "kembar_gateway/migrations/versions/*.py",
        "kembar_gateway/profiles/*.toml",
        "kembar_gateway/templates/*",
        "kembar_gateway/static/*.css",
    ),
    "kembar-client": (
        "kembar_client/messages.toml",
        "kembar_client/sample_data/stations.json",
        "kembar_client/sample_data/uploads.json",
        "kembar_client/sample_data/*.csv",
    ),
}
"""Files beside the code without which a member does not work."""


def run(*command: object, **options) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [str(part) for part in command], capture_output=True, text=True, check=False, **options
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
    return done


@pytest.fixture(scope="module")
def uv() -> str:
    """Give the program uv: beside Python, else on the path."""
    beside = shutil.which("uv", path=str(Path(sys.executable).parent))
    found = beside or shutil.which("uv")
    if found is None:
        reason = "uv is absent: it comes with the group dev"
        if os.environ.get("KEMBAR_REQUIRE_ALL") == "1":
            pytest.fail(reason)
        pytest.skip(reason)
    return found


@pytest.fixture(scope="module")
def wheels(uv, tmp_path_factory) -> dict[str, Path]:
    """Build every member's wheel, without the network, from a copy of its folder."""
    folder = tmp_path_factory.mktemp("wheels")
    made = {}
    for name, source in MEMBERS.items():
        copy = folder / "sources" / name
        shutil.copytree(source, copy, ignore=shutil.ignore_patterns("__pycache__", "*.egg-info"))
        out = folder / name
        run(uv, "build", "--quiet", "--offline", "--no-build-isolation", "--wheel",
            "--python", sys.executable, "--out-dir", out, copy)  # fmt: skip
        (made[name],) = out.glob("*.whl")
    return made


@pytest.mark.parametrize("name", MEMBERS)
def test_every_file_of_the_package_is_in_the_wheel(wheels, name):
    package = MEMBERS[name] / name.replace("-", "_")
    source = {
        str(file.relative_to(MEMBERS[name]))
        for file in package.rglob("*")
        if file.is_file() and "__pycache__" not in file.parts
    }

    inside = {
        file
        for file in zipfile.ZipFile(wheels[name]).namelist()
        if ".dist-info/" not in file and not file.endswith("/")
    }

    assert inside == source
    for pattern in DATA[name]:
        assert any(Path(file).match(pattern) for file in inside), pattern


@pytest.mark.parametrize("name", [*PROCESSES, "client"])
def test_what_each_asks_for_is_part_of_what_is_installed_here(name):
    """Pin by pin and hash by hash: those of `all` were checked when they were installed."""
    asked, installed_here = (
        set(re.split(r"\n(?=\S)", MARKER.sub(" ", file.read_text().strip())))
        for file in (REQUIREMENTS / f"{name}.txt", REQUIREMENTS / "all.txt")
    )

    assert all("--hash=sha256:" in pin for pin in asked)
    assert asked <= installed_here


@pytest.mark.parametrize("name", PROCESSES)
def test_a_service_installed_from_its_wheels_alone_starts(uv, wheels, tmp_path, name):
    """In an environment of its pinned dependencies, its own wheel and the shared one."""
    venv = tmp_path / "venv"
    python = venv / "bin" / "python"
    run(uv, "venv", "--quiet", "--python", sys.executable, venv)
    (site,) = venv.glob("lib/python*/site-packages")
    pins = pinned(REQUIREMENTS / f"{name}.txt")
    for distribution, version in pins.items():
        lay(distribution, version, site)
    # uv caches wheels by name and version, and these change while their version stays.
    own = (wheels["kembar-shared"], wheels[f"kembar-{name}"])
    run(uv, "pip", "install", "--quiet", "--python", python, "--no-deps", "--refresh", *own)
    assert installed(uv, python) == set(pins) | {"kembar-shared", f"kembar-{name}"}
    run(uv, "pip", "check", "--python", python)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    prefix = f"KEMBAR_{name.upper()}_"
    kept = {key: value for key, value in os.environ.items() if not key.startswith("KEMBAR_")}
    environment = kept | {
        f"{prefix}DATABASE_URL": f"sqlite:///{tmp_path / 'one.sqlite'}",
        f"{prefix}PORT": str(port),
    }
    command = venv / "bin" / f"kembar-{name}"

    run(command, "migrate", cwd=tmp_path, env=environment)

    with (tmp_path / "log").open("w+") as log:
        process = subprocess.Popen(
            [command, "serve"], cwd=tmp_path, env=environment, stdout=log, stderr=log
        )
        try:
            url = f"http://127.0.0.1:{port}"
            assert await_ready(process, url) == 200, (tmp_path / "log").read_text()
            assert httpx.get(f"{url}/docs", **PLAIN).status_code == 200
            assert httpx.get(f"{url}/metrics", **PLAIN).status_code == 401
            process.send_signal(signal.SIGTERM)
            assert process.wait(15) in (0, -signal.SIGTERM)
        finally:
            process.kill()
            process.wait()
    assert "Traceback" not in (tmp_path / "log").read_text()


def installed(uv: str, python: Path) -> set[str]:
    listed = run(uv, "pip", "list", "--quiet", "--format", "json", "--python", python).stdout
    return {package["name"] for package in json.loads(listed)}


def pinned(file: Path) -> dict[str, str]:
    """Return which version of what is needed on this machine."""
    lines = [line.rstrip(" \\") for line in file.read_text().splitlines() if "==" in line]
    needed = [Requirement(line) for line in lines]
    return {
        each.name: next(iter(each.specifier)).version
        for each in needed
        if each.marker is None or each.marker.evaluate()
    }


def lay(name: str, version: str, site: Path) -> None:
    """Lay what is installed here into *site* as well, file by file; compiled files come along."""
    distribution = metadata.distribution(name)
    assert distribution.version == version, f"{name} {distribution.version} is installed"
    for file in distribution.files or ():
        if ".." in file.parts or file.suffix == ".pyc":
            continue
        source, target = Path(file.locate()), site / file
        target.parent.mkdir(parents=True, exist_ok=True)
        target.symlink_to(source)
        compiled = Path(cache_from_source(str(source)))
        if source.suffix == ".py" and compiled.exists():
            (target.parent / "__pycache__").mkdir(exist_ok=True)
            (target.parent / "__pycache__" / compiled.name).symlink_to(compiled)


def await_ready(process: subprocess.Popen, url: str) -> int | None:
    """Return the first answer of /readyz, or the last; None where there was none."""
    deadline, status = time.monotonic() + START_S, None
    while status != 200 and process.poll() is None and time.monotonic() < deadline:
        try:
            status = httpx.get(f"{url}/readyz", **PLAIN).status_code
        except httpx.TransportError:
            time.sleep(0.1)
    return status
