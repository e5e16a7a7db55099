"""One address for everybody: requests pass through to the services."""

from __future__ import annotations

import hashlib
import socket
import threading
import time

import pytest

METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "HEAD"]


@pytest.fixture
def database_url(sqlite_url):
    """The door reads no database: one kind is enough."""
    return sqlite_url


@pytest.mark.parametrize("method", METHODS)
def test_every_method_arrives_at_its_service_unchanged(start_gateway, services, method):
    gateway = start_gateway()
    body = b"a,b\n1,2\n" if method in ("POST", "PUT", "PATCH") else None

    answer = gateway.client.request(
        method, "/water/v1/x%2Fy/../z?q=a%20b&q=", content=body, headers={"X-Sent": "yes"}
    )

    asked = services["water"].passed_on
    assert answer.status_code == 200
    assert asked.method == method
    assert asked.path.endswith("?q=a%20b&q=")
    assert asked.headers["x-sent"] == "yes"
    assert asked.body == (body or b"")


def test_the_token_and_the_request_id_go_along_and_trust_is_not_added(start_gateway, services):
    gateway = start_gateway()
    sent = {
        "Authorization": "Bearer abc",
        "X-Request-ID": "one-request-1",
        "X-Forwarded-For": "10.0.0.1",
        "X-Forwarded-Prefix": "/elsewhere",
        "Forwarded": "for=10.0.0.1",
        "Cookie": "a=b",
        "Connection": "x-private",
        "X-Private": "1",
        "TE": "trailers",
    }

    answer = gateway.client.get("/air/v1/stations", headers=sent)

    headers = services["air"].passed_on.headers
    assert headers["authorization"] == "Bearer abc"
    assert headers["x-request-id"] == answer.headers["x-request-id"] == "one-request-1"
    assert headers["host"] == services["air"].url.removeprefix("http://")
    assert headers["x-forwarded-prefix"] == "/air"
    unwanted = {"x-forwarded-for", "forwarded", "cookie", "x-private", "te"}
    assert unwanted.isdisjoint(headers)


@pytest.mark.parametrize("collector", ["", "http://127.0.0.1:9/v1/traces"])
def test_a_trace_goes_on_to_the_service(start_gateway, services, collector):
    gateway = start_gateway(traces_url=collector)
    trace, span = f"{2026:032x}", f"{7:016x}"

    gateway.client.get("/air/v1/stations", headers={"traceparent": f"00-{trace}-{span}-00"})

    sent = services["air"].passed_on.headers["traceparent"].split("-")
    assert sent[1] == trace
    # Where the gateway traces, the service hangs below the gateway's own span.
    assert (sent[2] == span) is (collector == "")


def test_the_answer_comes_back_as_the_service_gave_it(start_gateway, services):
    gateway = start_gateway()
    services["waste"].status = 422
    services["waste"].body = b'{"id": 1}'
    services["waste"].headers = {
        "Content-Type": "application/problem+json",
        "ETag": '"1"',
        "Location": "/v1/uploads/1",
        "Set-Cookie": "a=b",
        "Retry-After": "3",
    }

    answer = gateway.client.post("/waste/v1/uploads", content=b"x")

    assert (answer.status_code, answer.content) == (422, b'{"id": 1}')
    assert answer.headers["content-type"] == "application/problem+json"
    assert (answer.headers["etag"], answer.headers["retry-after"]) == ('"1"', "3")
    assert answer.headers["location"] == "/waste/v1/uploads/1"
    assert "set-cookie" not in answer.headers
    assert len(answer.headers.get_list("x-request-id")) == 1
    assert len(answer.headers.get_list("date")) == 1


def test_bodies_stream_both_ways(start_gateway, services):
    gateway = start_gateway()
    received = threading.Event()
    water = services["water"]

    def answer(handler) -> None:
        digest = hashlib.sha256(water.passed_on.body).hexdigest().encode()
        handler.send_response(200)
        handler.send_header("Transfer-Encoding", "chunked")
        handler.end_headers()
        handler.wfile.write(b"%x\r\n%b\r\n" % (len(digest), digest))
        handler.wfile.flush()
        received.wait(5)
        handler.wfile.write(b"3\r\nend\r\n0\r\n\r\n")

    water.answer = answer
    chunks = [bytes([n]) * 65536 for n in range(64)]

    with gateway.client.stream("POST", "/water/v1/uploads", content=iter(chunks)) as response:
        pieces = response.iter_raw()
        first = next(pieces)
        received.set()
        rest = b"".join(pieces)

    assert first == hashlib.sha256(b"".join(chunks)).hexdigest().encode()
    assert rest == b"end"
    assert water.passed_on.headers["transfer-encoding"] == "chunked"


def test_a_service_that_is_down_is_said_to_be(start_gateway):
    gateway = start_gateway(air_url="http://127.0.0.1:9")

    answer = gateway.client.get("/air/v1/stations", headers={"Accept-Language": "id"})

    assert answer.status_code == 503
    assert answer.headers["retry-after"]
    assert answer.json()["type"] == "urn:kembar:problem:service-unreachable"
    assert "air" in answer.json()["detail"]
    assert answer.headers["content-language"] == "id"


def test_a_service_that_hangs_up_is_said_to_be_unreachable(start_gateway, services):
    gateway = start_gateway()

    def hang_up(handler) -> None:
        handler.connection.close()
        handler.close_connection = True

    services["air"].answer = hang_up
    assert gateway.client.post("/air/v1/uploads", content=b"x").status_code == 503


def test_what_a_proxy_before_a_service_has_lost_is_said_to_be_unreachable(start_gateway, services):
    gateway = start_gateway()
    services["air"].status, services["air"].body = 502, b"<html>Bad Gateway</html>"

    answer = gateway.client.post("/air/v1/uploads", content=b"x")

    assert (answer.status_code, answer.headers["retry-after"] != "") == (503, True)
    assert answer.json()["type"] == "urn:kembar:problem:service-unreachable"


def test_an_answer_that_is_cut_is_not_passed_on_as_whole(start_gateway, services):
    gateway = start_gateway()

    def cut(handler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", "1000")
        handler.end_headers()
        handler.wfile.write(b"half")
        handler.close_connection = True

    services["air"].answer = cut
    with pytest.raises(Exception, match="peer closed connection"):
        gateway.client.get("/air/v1/measurements")


def test_a_slow_upload_has_no_deadline_of_three_seconds(start_gateway, services):
    gateway = start_gateway(answer_timeout_s=0.2)

    def slow(handler) -> None:
        time.sleep(0.6)
        handler.send_response(201)
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    services["waste"].answer = slow

    assert gateway.client.post("/waste/v1/uploads", content=b"x").status_code == 201


@pytest.mark.parametrize(
    "path", ["/soil/v1/stations", "/wate/r", "/w%61ter/v1/x", "/water", "/v1/outcomes/"]
)
def test_other_addresses_lead_nowhere(start_gateway, services, path):
    gateway = start_gateway()

    answer = gateway.client.get(path, headers={"Host": "elsewhere.example"})

    assert (answer.status_code, answer.headers.get("location")) == (404, None)
    assert answer.json()["type"] == "urn:kembar:problem:not-found"
    assert all(asked.path.startswith("/v1/indicators") for asked in services["water"].asked)


def test_a_redirect_is_passed_on_and_not_followed(start_gateway, services):
    gateway = start_gateway()
    services["water"].status = 307
    services["water"].headers = {"Location": "http://example.org/"}

    answer = gateway.client.get("/water/v1/x")

    assert (answer.status_code, answer.headers["location"]) == (307, "http://example.org/")


def test_an_answer_given_before_the_body_was_read_is_not_lost(start_gateway):
    """A service that refuses an upload answers at once, closes, and resets the connection."""
    refusal = b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno"
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def refuse() -> None:
            while True:
                try:
                    connection, _ = listening.accept()
                except OSError:
                    return
                connection.recv(10)
                connection.sendall(refusal)
                connection.close()

        threading.Thread(target=refuse, daemon=True).start()
        port = listening.getsockname()[1]
        gateway = start_gateway(water_url=f"http://127.0.0.1:{port}")

        for _ in range(20):
            chunks = (bytes(65536) for _ in range(200))
            answer = gateway.client.post("/water/v1/uploads", content=chunks)
            assert (answer.status_code, answer.content) == (401, b"no")


def test_a_body_that_is_cut_reaches_no_service_as_whole(start_gateway, services):
    gateway = start_gateway()
    host, port = gateway.client.base_url.host, gateway.client.base_url.port
    for framing, sent in (
        ("Content-Length: 1000", b"a,b\n"),
        ("Transfer-Encoding: chunked", b"4\r\na,b\n\r\n"),
    ):
        request = f"POST /waste/v1/uploads HTTP/1.1\r\nHost: x\r\n{framing}\r\n\r\n".encode()
        with socket.create_connection((host, port)) as connection:
            connection.sendall(request + sent)
            time.sleep(0.2)

    time.sleep(0.2)
    for asked in services["waste"].asked:
        assert asked.method == "GET" or len(asked.body) < int(asked.headers["content-length"])


def test_no_connection_header_takes_away_who_asks_or_where_the_body_ends(start_gateway, services):
    gateway = start_gateway()

    answer = gateway.client.post(
        "/water/v1/uploads",
        content=b"abcde",
        headers={
            "Connection": "Content-Length, authorization, host",
            "Authorization": "Bearer abc",
        },
    )

    asked = services["water"].passed_on
    assert answer.status_code == 200
    assert (asked.body, asked.headers["content-length"]) == (b"abcde", "5")
    assert asked.headers["authorization"] == "Bearer abc"
    assert asked.headers["host"] == services["water"].url.removeprefix("http://")
