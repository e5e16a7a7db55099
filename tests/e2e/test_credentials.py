"""The secrets that `kembar up` keeps for its operator."""

from __future__ import annotations

import json

import httpx

FORM = {"grant_type": "client_credentials"}


def test_secrets_that_were_moved_away_stay_valid_until_new_ones_are_asked_for(up_in, tmp_path):
    var = tmp_path / "var"
    file = var / "credentials.json"
    with up_in(var) as up:
        assert up.as_("partner").get("/v1/outcomes").status_code == 200
    old = json.loads(file.read_text())["clients"]["partner"]
    file.rename(tmp_path / "moved.json")

    with up_in(var, last_line="--new-secrets.") as up:
        url = f"http://127.0.0.1:{up.port}/oauth/token"
        assert httpx.post(url, data=FORM | old, trust_env=False).status_code == 200
        assert not file.exists()

    with up_in(var, "--new-secrets") as up:
        new = json.loads(file.read_text())["clients"]["partner"]
        url = f"http://127.0.0.1:{up.port}/oauth/token"
        answers = [
            httpx.post(url, data=FORM | client, trust_env=False).status_code
            for client in (old, new)
        ]
        assert up.as_("partner").get("/v1/outcomes").status_code == 200
        said = var.with_suffix(".said").read_text()

    assert (new["client_id"], answers) == (old["client_id"], [401, 200])
    assert f"{file} was gone" in said
