"""Partners' machines are told what changed: at least once, in order, signed, never altered."""

from __future__ import annotations

import base64
import json
import time
from datetime import timedelta

import httpx
import pytest
import sqlalchemy as sa
from joserfc import jws
from joserfc.jwk import OKPKey

from kembar_gateway import signatures
from kembar_gateway.webhooks import sending
from kembar_shared.chassis.database import connect
from tests.loopback import PLAIN

COOPERATION = "bandung-kawasaki"
ON_SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
def receiver(start_service):
    return start_service()


@pytest.fixture
def gateway(start_gateway, services, figure):
    services["waste"].offer(figure("waste.generated", "2021", 5.0))
    gateway = start_gateway(webhook_hosts=("127.0.0.1",), webhook_period_s=3600)
    # From here on a test says when it is time.
    gateway.app.state.webhooks._timer.shutdown(wait=True)
    deadline = time.monotonic() + 5
    while not gateway.get("/v1/changes").json()["items"]:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return gateway


@pytest.fixture
def later(gateway, clock):
    """Let time pass, and the gateway look at what webhooks wait for."""

    def pass_(**much):
        clock.ahead += timedelta(**(much or {"hours": 1}))
        gateway.app.state.webhooks.send()

    return pass_


def ask(gateway, method, path, body=None, **headers):
    headers = {"Authorization": f"Bearer {gateway.token('clients:manage')}", **headers}
    return gateway.client.request(method, path, headers=headers, json=body)


def registered(gateway, receiver, *, from_beginning=False):
    body = {"cooperation": COOPERATION, "url": f"{receiver.url}/told"}
    if from_beginning:
        body["from_beginning"] = True
    answer = ask(gateway, "POST", "/v1/webhooks", body)
    assert answer.status_code == 201, answer.text
    return f"/v1/webhooks/{answer.json()['code']}"


def change(gateway, services, figure, clock, value):
    """Let a figure become *value*, and the gateway learn of it."""
    services["waste"].offer(figure("waste.generated", "2021", value))
    clock.ahead += timedelta(hours=1)
    gateway.app.state.pulls.pull("waste")


def values(receiver):
    told = [json.loads(asked.body) for asked in receiver.asked]
    return [(t["delivery"], *(item["detail"]["value"] for item in t["items"])) for t in told]


def log(gateway, hook):
    items = ask(gateway, "GET", f"{hook}/deliveries").json()["items"]
    return [[(a["status"], a["reason"]) for a in item["attempts"]] for item in items]


@ON_SQLITE
def test_what_changes_is_told_once_and_signed(gateway, services, figure, clock, receiver, later):
    hook = registered(gateway, receiver)
    later()
    assert receiver.asked == [], "what was before is not told"

    change(gateway, services, figure, clock, 6.0)
    later()
    later()

    assert values(receiver) == [(1, 6.0)]
    (asked,) = receiver.asked
    assert (asked.method, asked.path) == ("POST", "/told")
    assert asked.headers["kembar-delivery"] == f"{hook.rpartition('/')[2]}/1"
    protected, payload, signature = asked.headers["kembar-signature"].split(".")
    assert payload == ""
    (jwk,) = gateway.client.get("/.well-known/jwks.json").json()["keys"]
    again = jws.extract_compact(f"{protected}.{encoded(asked.body)}.{signature}".encode())
    assert again.headers()["typ"] == signatures.WEBHOOK
    registry = jws.JWSRegistry(algorithms=["Ed25519"], strict_check_header=False)
    assert jws.validate_compact(again, OKPKey.import_key(jwk), registry=registry)


def encoded(content):
    return base64.urlsafe_b64encode(content).decode().rstrip("=")


def test_a_receiver_that_fails_is_tried_again_in_order_and_misses_nothing(
    gateway, services, figure, clock, receiver, later
):
    hook = registered(gateway, receiver)
    receiver.status = 500
    change(gateway, services, figure, clock, 6.0)
    later()
    change(gateway, services, figure, clock, 7.0)
    later()
    assert values(receiver) == [(1, 6.0), (1, 6.0)]
    shown = ask(gateway, "GET", hook).json()
    assert shown["failures"] == 2
    assert shown["next_attempt_at"] is not None

    receiver.status = 204
    later()

    assert values(receiver) == [(1, 6.0), (1, 6.0), (1, 6.0), (2, 7.0)]
    assert len({asked.body for asked in receiver.asked}) == 2, "the same body each time"
    failed = (500, "status-500")
    assert log(gateway, hook) == [[failed, failed, (204, None)], [(204, None)]]
    assert ask(gateway, "GET", hook).json()["failures"] == 0


@ON_SQLITE
def test_it_waits_longer_after_each_failure(gateway, services, figure, clock, receiver):
    registered(gateway, receiver)
    receiver.status = 503
    change(gateway, services, figure, clock, 6.0)
    sender = gateway.app.state.webhooks
    sender._settings = sender._settings.model_copy(update={"webhook_period_s": 1})

    for seconds in (3600, 5, 6, 15, 6):
        clock.ahead += timedelta(seconds=seconds)
        sender.send()

    # At 0, 11 and 32 seconds; not at 5 and 26.
    assert len(receiver.asked) == 3
    assert [sending.wait_s(n) for n in (1, 2, 3, 9, 10, 10_000)] == [10, 20, 40, 2560, 3600, 3600]


@ON_SQLITE
def test_deliveries_are_sent_again_as_they_were(gateway, services, figure, clock, receiver, later):
    hook = registered(gateway, receiver, from_beginning=True)
    later()
    change(gateway, services, figure, clock, 6.0)
    later()
    assert values(receiver) == [(1, 5.0), (2, 6.0)]

    assert ask(gateway, "POST", f"{hook}/replay", {"since": 2}).json() == {"deliveries": 1}
    later()

    assert values(receiver) == [(1, 5.0), (2, 6.0), (2, 6.0)]
    assert receiver.asked[1].body == receiver.asked[2].body
    assert log(gateway, hook) == [[(200, None)], [(200, None), (200, None)]]


def test_what_was_made_is_never_changed(
    gateway, services, figure, clock, receiver, later, settings
):
    registered(gateway, receiver)
    change(gateway, services, figure, clock, 6.0)
    later()

    engine = connect(settings.database_url.get_secret_value(), timeout_s=10)
    with pytest.raises(sa.exc.DBAPIError, match="never changed"), engine.begin() as conn:
        conn.exec_driver_sql("UPDATE webhook_delivery SET body = '{}'")
    engine.dispose()


@ON_SQLITE
def test_a_disabled_webhook_is_silent_and_told_everything_afterwards(
    gateway, services, figure, clock, receiver, later
):
    hook = registered(gateway, receiver)
    tag = ask(gateway, "GET", hook).headers["etag"]
    assert ask(gateway, "PATCH", hook, {"disabled": True}).status_code == 428
    off = ask(gateway, "PATCH", hook, {"disabled": True}, **{"If-Match": tag})
    change(gateway, services, figure, clock, 6.0)
    later()
    assert receiver.asked == []

    on = ask(gateway, "PATCH", hook, {"disabled": False}, **{"If-Match": off.headers["etag"]})
    later()

    assert on.json()["disabled"] is False
    assert values(receiver) == [(1, 6.0)]


@ON_SQLITE
def test_it_goes_nowhere_but_where_the_operator_allows(gateway, start_gateway, receiver):
    for url in ("https://example.org/x", "ftp://127.0.0.1/x", "http://me@127.0.0.1/x"):
        body = {"cooperation": COOPERATION, "url": url}
        assert ask(gateway, "POST", "/v1/webhooks", body).status_code == 422, url
    elsewhere = {"cooperation": "nowhere", "url": receiver.url}
    assert ask(gateway, "POST", "/v1/webhooks", elsewhere).status_code == 404
    closed = start_gateway()
    answer = ask(closed, "POST", "/v1/webhooks", {"cooperation": COOPERATION, "url": receiver.url})
    assert answer.json()["type"] == "urn:kembar:problem:webhook-refused"


@ON_SQLITE
def test_nobody_there_is_a_failure_like_any_other(
    gateway, services, figure, clock, receiver, later
):
    hook = registered(gateway, receiver)
    gateway.app.state.webhooks._client = httpx.Client(**PLAIN, transport=Nobody())
    change(gateway, services, figure, clock, 6.0)
    later()

    assert log(gateway, hook) == [[(None, "unreachable")]]


class Nobody(httpx.BaseTransport):
    def handle_request(self, request):
        raise httpx.ConnectError("nobody there", request=request)


@pytest.mark.parametrize(
    ("url", "allowed"),
    [
        ("https://kawasaki.example/hook", True),
        ("http://kawasaki.example/hook", False),
        ("https://api.kawasaki.example", False),
        ("https://x.bandung.example", True),
        ("https://kawasaki.example@evil.example/", False),
        ("https://evil.example/#kawasaki.example", False),
        ("http://127.0.0.1:9/x", False),
        ("https://", False),
    ],
)
def test_which_addresses_are_allowed(url, allowed):
    assert sending.is_allowed(url, ("kawasaki.example", "*.bandung.example")) is allowed
