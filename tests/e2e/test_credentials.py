"""The secrets that `kembar up` keeps for its operator."""

from __future__ import annotations

import json

import httpx

from tests.loopback import PLAIN

FORM = {"grant_type": "client_credentials"}


def test_secrets_that_were_moved_away_stay_valid(up_in, tmp_path):
    var = tmp_path / "var"
    file = var / "credentials.json"
    with up_in(var):
        known = json.loads(file.read_text())["clients"]["partner"]
    file.rename(tmp_path / "moved.json")

    with up_in(var, last_line="--new-secrets.") as up:
        url = f"http://127.0.0.1:{up.port}/oauth/token"
        assert httpx.post(url, data=FORM | known, **PLAIN).status_code == 200
        assert not file.exists()
