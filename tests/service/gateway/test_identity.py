"""Tokens, keys and clients over HTTP."""

from __future__ import annotations

import base64
import json
import stat

import pytest

from kembar_gateway.app import build, renew
from kembar_gateway.identity import ROLES
from kembar_shared.chassis.verifying import Verifier

FORM = {"grant_type": "client_credentials"}


@pytest.fixture
def gateway(start_gateway, tmp_path):
    return start_gateway(credentials_file=tmp_path / "credentials.json")


@pytest.fixture
def credentials(gateway) -> dict[str, dict[str, str]]:
    return json.loads(gateway.settings.credentials_file.read_text())["clients"]


@pytest.fixture
def ask(gateway, credentials):
    """Ask for a token with the credentials of a role."""

    def post(role: str = "partner", **form: str):
        known = credentials[role]
        auth = (known["client_id"], known["client_secret"])
        return gateway.client.post("/oauth/token", data={**FORM, **form}, auth=auth)

    return post


@pytest.fixture
def admin(ask) -> dict[str, str]:
    return {"Authorization": f"Bearer {ask('admin').json()['access_token']}"}


def test_the_first_start_leaves_one_client_per_role(credentials, gateway):
    file = gateway.settings.credentials_file

    assert set(credentials) == set(ROLES)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert all(known["client_secret"].startswith("kembar_") for known in credentials.values())


def test_a_second_start_makes_no_clients_again(gateway, start_gateway, ask):
    before = gateway.settings.credentials_file.read_text()

    start_gateway(credentials_file=gateway.settings.credentials_file)

    assert gateway.settings.credentials_file.read_text() == before
    assert ask().status_code == 200


def test_each_role_gets_exactly_its_scopes(ask, gateway):
    cases = list(ROLES)
    for role in cases:
        answer = ask(role)

        token = answer.json()
        caller = Verifier(
            gateway.app.state.issuer, issuer=gateway.settings.issuer, audience="kembar"
        ).verify(token["access_token"])
        assert (answer.status_code, answer.headers["cache-control"]) == (200, "no-store")
        assert (token["token_type"], token["expires_in"]) == ("Bearer", 900)
        assert caller.scopes == set(ROLES[role]) == set(token["scope"].split())
        assert caller.stations == (("*",) if role == "field-agent" else None)


def test_credentials_may_come_in_the_form(gateway, credentials):
    answer = gateway.client.post("/oauth/token", data={**FORM, **credentials["partner"]})

    assert answer.status_code == 200


def test_a_smaller_scope_may_be_asked_for(ask):
    assert ask("overseer", scope="audit:read").json()["scope"] == "audit:read"


def test_a_wrong_request_is_refused_in_the_words_of_the_standard(ask):
    cases = [
        ({"scope": "clients:manage"}, 400, "invalid_scope"),
        ({"scope": ""}, 400, "invalid_scope"),
        ({"grant_type": "password"}, 400, "unsupported_grant_type"),
        ({"grant_type": ""}, 400, "unsupported_grant_type"),
        ({"client_secret": "kembar_x"}, 400, "invalid_request"),
        ({"client_id": "somebody-else"}, 400, "invalid_request"),
    ]
    for form, status, error in cases:
        answer = ask(**form)

        assert (answer.status_code, answer.json()) == (status, {"error": error})
        assert answer.headers["cache-control"] == "no-store"


def basic(text: str) -> str:
    return "Basic " + base64.b64encode(text.encode()).decode()


def test_an_unknown_client_is_refused(gateway):
    cases = [
        basic("nobody:kembar_x"),
        basic("partner"),
        basic(":"),
        basic("a\0b:c"),
        basic("' OR 1=1 --:x"),
        "Basic !!!",
        "Basic",
        "Basic /w==",
        "Bearer abc",
    ]
    for header in cases:
        answer = gateway.client.post("/oauth/token", data=FORM, headers={"Authorization": header})

        assert (answer.status_code, answer.json()) == (401, {"error": "invalid_client"})
        assert answer.headers["www-authenticate"].startswith("Basic ")


def test_a_wrong_secret_is_refused_like_an_unknown_client(gateway, credentials):
    known = credentials["partner"]["client_id"]

    wrong = gateway.client.post("/oauth/token", data=FORM, auth=(known, "kembar_wrong"))
    unknown = gateway.client.post("/oauth/token", data=FORM, auth=("nobody", "kembar_wrong"))

    assert (wrong.status_code, wrong.content) == (unknown.status_code, unknown.content)


def test_an_unreadable_form_is_refused(gateway):
    cases = [
        (b'{"grant_type": "client_credentials"}', "application/json"),
        (b"grant_type=client_credentials&grant_type=client_credentials", None),
        (b"scope=x", None),
        (b"", None),
        (b"grant_type=%ff", None),
        (b"\xff=1", None),
        (b"&".join(b"a%d=1" % n for n in range(50)), None),
    ]
    for content, media_type in cases:
        media_type = media_type or "application/x-www-form-urlencoded"
        answer = gateway.client.post(
            "/oauth/token", content=content, headers={"Content-Type": media_type}
        )

        assert (answer.status_code, answer.json()) == (400, {"error": "invalid_request"})


def test_a_huge_form_is_refused(gateway):
    answer = gateway.client.post("/oauth/token", data={**FORM, "scope": "x" * 100_000})

    assert answer.status_code == 413


def test_the_public_keys_verify_a_token(gateway, ask):
    keys = gateway.client.get("/.well-known/jwks.json")
    described = gateway.client.get("/.well-known/oauth-authorization-server").json()

    key = keys.json()["keys"][0]
    header = json.loads(base64.urlsafe_b64decode(ask().json()["access_token"].split(".")[0] + "=="))
    assert header == {"alg": "Ed25519", "typ": "at+jwt", "kid": key["kid"]}
    assert set(key) == {"kty", "crv", "x", "kid", "use", "alg"}
    assert described["token_endpoint"] == f"{gateway.settings.issuer}/oauth/token"


def test_a_client_is_made_and_can_ask_for_tokens(gateway, admin):
    wanted = {"name": "川崎市", "role": "partner", "cooperations": ["bandung-kawasaki"]}

    made = gateway.client.post("/v1/clients", json=wanted, headers=admin)
    auth = (made.json()["client_id"], made.json()["client_secret"])
    token = gateway.client.post("/oauth/token", data=FORM, auth=auth)

    assert (made.status_code, made.headers["cache-control"]) == (201, "no-store")
    assert token.json()["scope"] == "outcomes:read"


def test_a_secret_is_shown_once_and_stored_nowhere(gateway, admin):
    wanted = {"name": "field", "role": "field-agent", "stations": ["CPM-*"]}
    made = gateway.client.post("/v1/clients", json=wanted, headers=admin).json()

    one = gateway.client.get(f"/v1/clients/{made['client_id']}", headers=admin).json()
    listed = gateway.client.get("/v1/clients", headers=admin)

    assert one["stations"] == ["CPM-*"]
    assert "client_secret" not in one
    assert made["client_secret"] not in listed.text
    assert made["client_id"] in listed.text
    with gateway.app.state.engine.connect() as conn:
        stored = str(conn.exec_driver_sql("SELECT * FROM client").all())
        kept = str(conn.exec_driver_sql("SELECT * FROM idempotency_key").all())
    assert made["client_secret"] not in stored + kept


def test_a_retry_with_the_same_key_makes_no_second_client(gateway, admin):
    wanted = {"name": "Kawasaki", "role": "partner"}
    headers = {**admin, "Idempotency-Key": "client-kawasaki-1"}

    first = gateway.client.post("/v1/clients", json=wanted, headers=headers)
    second = gateway.client.post("/v1/clients", json=wanted, headers=headers)
    other = gateway.client.post("/v1/clients", json={**wanted, "name": "X"}, headers=headers)

    assert (first.status_code, second.status_code, other.status_code) == (201, 200, 409)
    assert first.json()["replayed"] is False
    assert second.json()["replayed"] is True
    assert second.json()["client_id"] == first.json()["client_id"]
    assert "client_secret" not in second.json()
    assert len(gateway.client.get("/v1/clients", headers=admin).json()["items"]) == len(ROLES) + 1


def test_a_client_that_makes_no_sense_is_refused(gateway, admin):
    cases = [
        {"name": "x", "role": "king"},
        {"name": "", "role": "partner"},
        {"name": "a\nb", "role": "partner"},
        {"name": "x", "role": "field-agent"},
        {"name": "x", "role": "field-agent", "stations": []},
        {"name": "x", "role": "field-agent", "stations": [""]},
        {"name": "x", "role": "partner", "cooperations": ["atlantis"]},
        {"name": "x", "role": "partner", "rate_limit": 5},
        {"name": 5, "role": "partner"},
        [],
    ]
    for wanted in cases:
        answer = gateway.client.post("/v1/clients", json=wanted, headers=admin)

        assert answer.status_code == 422
        assert answer.headers["content-type"] == "application/problem+json"


def test_clients_are_listed_page_by_page(gateway, admin):
    found, cursor = [], None
    while True:
        query = {"limit": 4, **({"cursor": cursor} if cursor else {})}
        page = gateway.client.get("/v1/clients", params=query, headers=admin).json()
        found += [client["client_id"] for client in page["items"]]
        cursor = page["next"]
        if cursor is None:
            break

    assert len(found) == len(set(found)) == len(ROLES)


def test_a_forged_cursor_is_refused(gateway, admin):
    cases = ["/v1/clients?cursor=%21", "/v1/clients?cursor=W10"]
    for path in cases:
        assert gateway.client.get(path, headers=admin).status_code == 400


def test_an_unknown_client_is_not_found(gateway, admin):
    assert gateway.client.get("/v1/clients/nobody", headers=admin).status_code == 404
    assert gateway.client.get("/v1/clients/%00", headers=admin).status_code == 404


def test_without_a_credentials_file_no_client_is_made(start_gateway):
    gateway = start_gateway()

    assert gateway.get("/v1/clients", "clients:manage").json()["items"] == []


def test_every_operation_demands_its_scope(gateway):
    paths = gateway.client.get("/openapi.json").json()["paths"]
    public = {"/livez", "/readyz", "/oauth/token"}
    public |= {f"/.well-known/{name}" for name in ("jwks.json", "kembar-revocations")}
    public |= {"/.well-known/oauth-authorization-server"}

    checked = 0
    for path, operations in paths.items():
        for method, operation in operations.items():
            is_report = method == "get" and path.startswith("/v1/reports")
            if path in public or is_report:
                assert "security" not in operation
                continue
            url = path.replace("{client_id}", "x").replace("{kind}", "pilots")
            without = gateway.client.request(method, url)
            other = {"Authorization": f"Bearer {gateway.token('nothing:much')}"}
            wrong = gateway.client.request(method, url, headers=other)
            scopes = [scope for way in operation["security"] for scope in way["bearer"]]
            checked += 1
            assert (without.status_code, wrong.status_code) == (401, 403), path
            assert without.headers["www-authenticate"].startswith("Bearer")
            assert all(scope in wrong.json()["detail"] for scope in scopes)
    assert checked == 72


def test_building_the_app_touches_neither_keys_nor_database(settings, tmp_path):
    app = build(settings.model_copy(update={"database_url": f"sqlite:///{tmp_path}/none.sqlite"}))

    assert app.openapi()["paths"]
    assert not (tmp_path / "none.sqlite").exists()
    assert not settings.keys_file.exists()


def test_secrets_whose_file_is_gone_are_renewed(gateway, credentials, admin, clock):
    file = gateway.settings.credentials_file
    made = {"name": "depot", "role": "partner"}
    other = gateway.client.post("/v1/clients", json=made, headers=admin).json()
    file.unlink()

    said = renew(gateway.settings, clock=clock)

    renewed = json.loads(file.read_text())["clients"]
    assert said == f"new secrets are in {file}"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert set(renewed) == set(ROLES)
    for role, client in renewed.items():
        assert client["client_id"] == credentials[role]["client_id"]
        for known, status in ((client, 200), (credentials[role], 401)):
            assert gateway.client.post("/oauth/token", data={**FORM, **known}).status_code == status
    kept = {name: other[name] for name in ("client_id", "client_secret")}
    assert gateway.client.post("/oauth/token", data={**FORM, **kept}).status_code == 200


def test_secrets_are_left_where_their_file_is(gateway, ask):
    before = gateway.settings.credentials_file.read_text()

    assert renew(gateway.settings).endswith(" is there")
    assert gateway.settings.credentials_file.read_text() == before
    assert ask().status_code == 200


def test_before_the_first_start_there_is_nothing_to_renew(settings, tmp_path):
    file = tmp_path / "credentials.json"

    assert renew(settings) == "no file of credentials is set"
    assert (
        renew(settings.model_copy(update={"credentials_file": file})) == "there are no clients yet"
    )
    assert not file.exists()
