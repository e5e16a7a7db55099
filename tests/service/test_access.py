"""Who may call what: every operation of the four apps against the table written by hand."""

from __future__ import annotations

import httpx
from fastapi.routing import iter_route_contexts

from kembar_shared.chassis.auth import access_of
from tests.loopback import PLAIN
from tests.service.access import ANY_TOKEN, PUBLIC, TABLES

ALONE = "nothing:at-all"


def marks(app):
    """Who may call each operation, as its route is marked."""
    return {
        (method, context.path.replace(":kind}", "}")): PUBLIC
        if access.is_public
        else set(access.scopes) or ANY_TOKEN
        for context in iter_route_contexts(app.routes)
        for access in [access_of(context.endpoint)]
        for path in [context.path.replace(":kind}", "}")]
        for method in context.methods or ()
    }


def address(path):
    return (
        path.replace("{path:path}", "x")
        .replace("{kind}", "pilots")
        .replace("{", "")
        .replace("}", "")
    )


def test_every_operation_is_in_the_table_and_marked_as_there(app, name):
    assert marks(app) == TABLES[name]


def test_without_a_token_only_the_public_is_answered(app, name, serve):
    client = serve(app)
    for (method, path), access in TABLES[name].items():
        answer = client.request(method, address(path))

        refused = answer.status_code == 401
        assert refused == (access != PUBLIC), (method, path, answer.status_code)
        if refused:
            assert answer.headers["WWW-Authenticate"].startswith("Bearer")
            assert answer.headers["Content-Type"] == "application/problem+json"


def test_an_unrelated_scope_is_refused_and_the_missing_one_is_named(app, name, serve, signing):
    client = serve(app, token=signing.token(ALONE))
    for (method, path), access in TABLES[name].items():
        answer = client.request(method, address(path))

        if isinstance(access, str):
            assert answer.status_code not in (401, 403), (method, path)
            continue
        assert answer.status_code == 403, (method, path)
        challenge = answer.headers["WWW-Authenticate"]
        assert 'error="insufficient_scope"' in challenge
        assert scopes_in(challenge) == access
        assert all(scope in answer.json()["detail"] for scope in access)


def test_each_scope_that_suffices_is_let_in(app, name, serve, signing):
    base = str(serve(app).base_url)
    for (method, path), access in TABLES[name].items():
        for scope in access if isinstance(access, set) else ():
            headers = {"Authorization": f"Bearer {signing.token(scope)}"}
            answer = httpx.request(
                method, base.rstrip("/") + address(path), headers=headers, **PLAIN
            )

            assert answer.status_code not in (401, 403), (method, path, scope)
            assert answer.status_code < 500, (method, path, scope)


def scopes_in(challenge):
    return set(challenge.partition('scope="')[2].partition('"')[0].split())
