"""The scan of `make check` finds the secrets that Kembar itself makes."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from joserfc.jwk import OKPKey

from kembar_gateway.identity import _new_secret

ROOT = Path(__file__).parents[2]
SCAN = Path(sys.executable).with_name("detect-secrets-hook")


def secret():
    return f"sent = {_new_secret()}"


def key():
    return json.dumps({"keys": [OKPKey.generate_key("Ed25519").as_dict(private=True)]})


def public_key():
    return json.dumps({"keys": [OKPKey.generate_key("Ed25519").as_dict(private=False)]})


@pytest.mark.parametrize(("make", "is_found"), [(secret, True), (key, True), (public_key, False)])
def test_a_secret_in_a_file_is_found(tmp_path, make, is_found):
    file = tmp_path / "notes.txt"
    file.write_text(make())
    plugin = ["--no-verify", "--plugin", ROOT / "deploy/ci/secret_forms.py"]

    done = subprocess.run(
        [SCAN, *plugin, "--disable-plugin", "Base64HighEntropyString", file],
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.returncode, "Kembar secret" in done.stdout) == (int(is_found), is_found)
