"""Clients that are disabled, narrowed, renamed and given new secrets."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from datetime import timedelta

import pytest

FORM = {"grant_type": "client_credentials"}


@pytest.fixture
def gateway(start_gateway, tmp_path):
    return start_gateway(credentials_file=tmp_path / "credentials.json")


@pytest.fixture
def admin(gateway):
    made = json.loads(gateway.settings.credentials_file.read_text())["clients"]["admin"]
    auth = (made["client_id"], made["client_secret"])
    token = gateway.client.post("/oauth/token", data=FORM, auth=auth).json()["access_token"]
    return {"Authorization": f"Bearer {token}"}


@pytest.fixture
def make(gateway, admin):
    def post(role="partner", **members):
        wanted = {"name": "Kawasaki", "role": role, **members}
        return gateway.client.post("/v1/clients", json=wanted, headers=admin).json()

    return post


@pytest.fixture
def change(gateway, admin):
    def patch(client, /, **members):
        path = f"/v1/clients/{client['client_id']}"
        etag = gateway.client.get(path, headers=admin).headers["ETag"]
        return gateway.client.patch(path, json=members, headers={**admin, "If-Match": etag})

    return patch


@pytest.fixture
def rotate(gateway, admin):
    def post(client, overlap_s=None, **headers):
        path = f"/v1/clients/{client['client_id']}/secret"
        query = {} if overlap_s is None else {"overlap_s": overlap_s}
        return gateway.client.post(path, params=query, headers={**admin, **headers})

    return post


@pytest.fixture
def ask(gateway):
    def post(client, secret=None):
        auth = (client["client_id"], secret or client["client_secret"])
        return gateway.client.post("/oauth/token", data=FORM, auth=auth)

    return post


def test_a_disabled_client_gets_no_token_until_it_is_enabled(make, change, ask):
    client = make()
    assert ask(client).status_code == 200

    disabled = change(client, disabled=True)
    refused = ask(client)
    wrong = ask(client, "kembar_wrong")
    enabled = change(client, disabled=False)

    assert (disabled.status_code, disabled.json()["disabled"]) == (200, True)
    assert (refused.status_code, refused.content) == (wrong.status_code, wrong.content)
    assert (enabled.json()["disabled"], ask(client).status_code) == (False, 200)


def test_each_member_is_changed_alone(make, change):
    client = make("field-agent", stations=["CPM-*"])
    cases = [
        ("name", "川崎市"),
        ("stations", ["CPM-01", "CPM-02"]),
        ("cooperations", ["bandung-kawasaki"]),
        ("cooperations", None),
        ("rate_limit", {"burst": 600, "per_s": 100.0}),
        ("rate_limit", None),
    ]
    before = {name: client[name] for name in client if name != "client_secret"}
    for member, value in cases:
        after = change(client, **{member: value}).json()

        assert after == {**before, member: value}
        before = after


def test_a_change_names_the_version_it_changes(gateway, admin, make, change):
    client = make()
    path = f"/v1/clients/{client['client_id']}"
    etag = gateway.client.get(path, headers=admin).headers["ETag"]

    without = gateway.client.patch(path, json={"name": "a"}, headers=admin)
    changed = change(client, name="b")
    stale = gateway.client.patch(path, json={"name": "c"}, headers={**admin, "If-Match": etag})
    shown = gateway.client.get(path, headers=admin)

    assert (without.status_code, changed.status_code, stale.status_code) == (428, 200, 412)
    assert shown.json()["name"] == "b"
    assert shown.headers["ETag"] == changed.headers["ETag"]


def test_of_two_changes_at_once_one_is_told(gateway, admin, make):
    client = make()
    path = f"/v1/clients/{client['client_id']}"
    etag = gateway.client.get(path, headers=admin).headers["ETag"]
    answers = []

    def patch(name):
        headers = {**admin, "If-Match": etag}
        answers.append(gateway.client.patch(path, json={"name": name}, headers=headers))

    threads = [threading.Thread(target=patch, args=(f"name {n}",)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(answer.status_code for answer in answers) == [200] + [412] * 5
    won = next(answer.json()["name"] for answer in answers if answer.status_code == 200)
    assert gateway.client.get(path, headers=admin).json()["name"] == won


def test_a_change_that_makes_no_sense_is_refused(make, change, gateway, admin):
    client = make("field-agent", stations=["CPM-*"])
    cases = [
        {"stations": None},
        {"stations": []},
        {"cooperations": ["osaka-*"]},
        {"name": ""},
        {"name": "a\nb"},
        {"disabled": None},
        {"disabled": "yes"},
        {"rate_limit": {"burst": 0, "per_s": 1}},
        {"rate_limit": {"burst": 1}},
        {"role": "admin"},
        {"scopes": ["clients:manage"]},
    ]
    for members in cases:
        answer = change(client, **members)

        assert answer.status_code == 422, members
    unknown = gateway.client.patch(
        "/v1/clients/nobody", json={"name": "x"}, headers={**admin, "If-Match": "*"}
    )
    assert unknown.status_code == 404


def test_nobody_disables_itself(gateway, change, admin):
    own = next(
        client
        for client in gateway.client.get("/v1/clients", headers=admin).json()["items"]
        if client["role"] == "admin"
    )

    answer = change(own, disabled=True)

    assert (answer.status_code, answer.json()["type"]) == (409, "urn:kembar:problem:own-client")


def test_a_new_secret_replaces_the_old_one(make, rotate, ask):
    client = make()

    rotated = rotate(client)

    assert (rotated.status_code, rotated.headers["cache-control"]) == (201, "no-store")
    assert rotated.json()["client_secret"].startswith("kembar_")
    assert ask(client).status_code == 401
    assert ask(rotated.json()).status_code == 200


def test_an_old_secret_works_on_as_long_as_is_asked_for(make, rotate, ask, clock):
    client = make()

    rotated = rotate(client, overlap_s=3600).json()

    assert rotated["old_secret_until"] is not None
    assert (ask(client).status_code, ask(rotated).status_code) == (200, 200)
    clock.ahead = timedelta(seconds=3601)
    assert (ask(client).status_code, ask(rotated).status_code) == (401, 200)


def test_of_three_secrets_the_first_is_forgotten(make, rotate, ask):
    first = make()
    second = rotate(first, overlap_s=3600).json()
    third = rotate(first, overlap_s=3600).json()

    assert [ask(one).status_code for one in (first, second, third)] == [401, 200, 200]


def test_an_overlap_is_a_day_at_most(make, rotate):
    client = make()

    assert [rotate(client, s).status_code for s in (-1, 86_401, 86_400)] == [422, 422, 201]


def test_a_retried_rotation_keeps_the_secret_it_made(gateway, make, rotate, ask):
    client = make()
    key = {"Idempotency-Key": "rotate-kawasaki-1"}

    first, second = rotate(client, **key), rotate(client, **key)
    other = rotate(client, 60, **key)

    assert (first.status_code, second.status_code, other.status_code) == (201, 200, 409)
    assert second.json()["replayed"] is True
    assert "client_secret" not in second.json()
    assert ask(first.json()).status_code == 200
    with gateway.app.state.engine.connect() as conn:
        stored = str(conn.exec_driver_sql("SELECT * FROM client").all())
        kept = str(conn.exec_driver_sql("SELECT * FROM idempotency_key").all())
    assert first.json()["client_secret"] not in stored + kept


@pytest.fixture
def kembar(gateway):
    """Run `kembar client …` as a user does."""

    def run(*arguments, lang="C"):
        places = {
            "KEMBAR_URL": str(gateway.client.base_url),
            "KEMBAR_VAR": str(gateway.settings.credentials_file.parent),
            "COLUMNS": "250",
            "LC_ALL": lang,
            "PYTHONUTF8": "1",
        }
        return subprocess.run(
            [sys.executable, "-m", "kembar_client", "client", *arguments],
            env=os.environ | places,
            capture_output=True,
            text=True,
            check=False,
        )

    return run


def test_the_command_does_it_all(kembar, ask):
    def read(*arguments):
        return json.loads(kembar(*arguments, "--json").stdout)

    made = read("new", "partner", "Kawasaki", "--burst", "9", "--per-s", "2")
    assert made["rate_limit"] == {"burst": 9, "per_s": 2.0}
    assert ask(made).status_code == 200
    assert read("disable", made["client_id"])["disabled"] is True
    assert ask(made).status_code == 401
    assert read("enable", made["client_id"])["disabled"] is False
    rotated = read("rotate", made["client_id"])
    assert [ask(made).status_code, ask(rotated).status_code] == [401, 200]
    shown = read("show", made["client_id"])
    assert shown in read("list")["items"]
    assert "client_secret" not in shown
    for language, word in {"C": "rate limit", "id": "batas laju", "ja": "頻度の上限"}.items():
        for command in (("list",), ("show", made["client_id"])):
            said = kembar(*command, lang=language).stdout
            assert word in said
            assert made["client_id"] in said


def test_the_command_says_what_is_wrong(kembar):
    cases = [
        (("show", "nobody"), 1, "Not found"),
        (("disable", "nobody"), 1, "Not found"),
        (("new", "field-agent", "x"), 1, "Stations are needed"),
        (("new", "king", "x"), 2, "king"),
        (("new", "partner", "x", "--burst", "9"), 2, "--per-s"),
        (("rotate", "nobody", "--overlap-s", "86401"), 2, "86400"),
    ]
    for command, code, said in cases:
        done = kembar(*command)

        assert done.returncode == code, (command, done)
        assert said in done.stderr


def test_a_narrowed_client_manages_no_others(gateway):
    narrowings = [
        ({}, 200),
        ({"cooperations": ("*",)}, 200),
        ({"cooperations": ("bandung-*",)}, 404),
        ({"stations": ("CPM-*",)}, 404),
    ]
    for narrowing, status in narrowings:
        headers = {"Authorization": f"Bearer {gateway.token('clients:manage', **narrowing)}"}
        listed = gateway.client.get("/v1/clients", headers=headers)
        wanted = {"name": "x", "role": "admin"}
        made = gateway.client.post("/v1/clients", json=wanted, headers=headers)

        assert (listed.status_code, made.status_code) == (status, 201 if status == 200 else 404)
