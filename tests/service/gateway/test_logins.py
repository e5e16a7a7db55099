"""Wrong secrets are limited, by address and by client."""

from __future__ import annotations

import json

import httpx
import pytest

from tests.loopback import PLAIN

FORM = {"grant_type": "client_credentials"}


@pytest.fixture
def gateway(start_gateway, tmp_path):
    return start_gateway(credentials_file=tmp_path / "credentials.json")


@pytest.fixture
def partner(gateway):
    made = json.loads(gateway.settings.credentials_file.read_text())["clients"]["partner"]
    return made["client_id"], made["client_secret"]


@pytest.fixture
def ask(gateway):
    """Return a function: credentials and the last byte of an address -> the answer."""

    def post(auth, end=1):
        transport = httpx.HTTPTransport(local_address=f"127.0.0.{end}")
        with httpx.Client(base_url=gateway.client.base_url, transport=transport, **PLAIN) as client:
            return client.post("/oauth/token", data=FORM, auth=auth)

    return post


def test_ten_wrong_secrets_of_a_client_from_an_address_and_a_right_one_waits(ask, partner):
    wrong = [ask((partner[0], f"kembar_{n}")) for n in range(11)]
    right, elsewhere = ask(partner), ask(partner, 2)

    assert [answer.status_code for answer in wrong] == [401] * 10 + [429]
    assert wrong[10].json()["type"] == "urn:kembar:problem:too-many-requests"
    assert 1 <= int(wrong[10].headers["Retry-After"]) <= 6
    assert (right.status_code, elsewhere.status_code) == (429, 200)


def test_ten_wrong_secrets_of_an_address_and_wrong_ones_are_too_many(ask):
    wrong = [ask((f"nobody-{n}", "kembar_x")) for n in range(11)]

    assert [answer.status_code for answer in wrong] == [401] * 10 + [429]
    assert ask(("nobody", "kembar_x"), 2).status_code == 401


def test_one_wrong_device_keeps_nobody_else_at_its_address_out(ask, partner):
    for number in range(30):
        ask(("a-device-with-its-old-secret", f"kembar_{number}"))
        assert ask(partner).status_code == 200


def test_ten_wrong_secrets_of_a_client_from_anywhere_and_its_own_goes_on(ask, partner):
    wrong = [ask((partner[0], f"kembar_{n}"), 10 + n) for n in range(11)]
    other = ask(("nobody", "kembar_x"), 30)

    assert [answer.status_code for answer in wrong] == [401] * 10 + [429]
    assert (other.status_code, ask(partner, 40).status_code) == (401, 200)


def test_right_secrets_are_not_counted(ask, partner):
    assert {ask(partner).status_code for _ in range(15)} == {200}


def test_headers_that_name_another_address_change_nothing(gateway):
    statuses = []
    for number in range(12):
        headers = {"X-Forwarded-For": f"10.0.0.{number}", "Forwarded": f"for=10.0.0.{number}"}
        answer = gateway.client.post(
            "/oauth/token", data=FORM, auth=("nobody", "kembar_x"), headers=headers
        )
        statuses.append(answer.status_code)

    assert statuses == [401] * 10 + [429] * 2


def test_the_number_is_a_setting(start_gateway):
    gateway = start_gateway(failed_logins_per_minute=2)

    wrong = [
        gateway.client.post("/oauth/token", data=FORM, auth=("nobody", "x")).status_code
        for _ in range(3)
    ]

    assert wrong == [401, 401, 429]


def test_the_first_clients_that_send_files_may_ask_more_often(gateway):
    made = json.loads(gateway.settings.credentials_file.read_text())["clients"]
    listed = gateway.get("/v1/clients", "clients:manage").json()["items"]
    limits = {client["client_id"]: client["rate_limit"] for client in listed}

    busy = {"burst": 600, "per_s": 100.0}
    assert {role: limits[made[role]["client_id"]] for role in made} == {
        role: busy if role in {"field-agent", "operator"} else None for role in made
    }
