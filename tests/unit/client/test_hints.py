import shutil
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest

from kembar_client import hints
from kembar_client.installation import Installation


def lines_of(station: str | None, var: Path = Path("/data/kembar")) -> list[str]:
    text = hints.introduction(
        Installation(8000, var, "sqlite", {}),
        "en",
        period="2023",
        station=station,
        now=datetime(2026, 11, 24, 9, 0, tzinfo=UTC),
    )
    return [line for line in text.splitlines() if line.startswith("curl ")]


@pytest.mark.skipif(shutil.which("bash") is None, reason="bash is absent")
@pytest.mark.parametrize("station", ["CPM-01", None])
def test_three_lines_are_each_sound_in_bash(station):
    lines = lines_of(station)

    assert len(lines) == 3
    for line in lines:
        assert subprocess.run(["bash", "-n", "-c", line], check=False).returncode == 0


@pytest.mark.skipif(shutil.which("bash") is None, reason="bash is absent")
def test_a_line_sends_the_right_client_and_token(tmp_path):
    var = tmp_path / "it's here"
    var.mkdir()
    (var / "credentials.json").write_text(
        '{"clients": {"field-agent": {"client_id": "agent", "client_secret": "s3cret"}}}'
    )
    stand_in = """curl() { case "$*" in
        *oauth/token) echo "$*" >&2; echo '{"access_token": "abc"}';;
        *) printf '%s|' "$@";; esac; }
        """

    done = subprocess.run(
        ["bash", "-c", stand_in + lines_of("CPM-01", var)[1]],
        capture_output=True,
        text=True,
        check=True,
    )

    assert "-u agent:s3cret -d grant_type=client_credentials" in done.stderr
    assert "|Authorization: Bearer abc|" in done.stdout
    assert "|station,parameter,time,value,unit\nCPM-01,temp,2026-11-24T09:00:00Z" in done.stdout
    assert done.stdout.endswith("|http://127.0.0.1:8000/water/v1/uploads|")
