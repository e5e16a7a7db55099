import hashlib
import json
import socket
import time
import tomllib
from importlib import resources
from urllib.parse import urlsplit

import pytest
import structlog
from fastapi import APIRouter
from starlette.routing import Mount

from kembar_shared.chassis import auth
from kembar_shared.chassis.auth import RouteWithoutAccess
from kembar_shared.chassis.settings import Settings


def bearer(token):
    return {"Authorization": f"Bearer {token}"}


def slug(answer):
    body = answer.json()
    assert answer.headers["content-type"] == "application/problem+json"
    assert body["status"] == answer.status_code
    assert body["request_id"] == answer.headers["x-request-id"]
    return body["type"].removeprefix("urn:kembar:problem:")


def exchange(client, request: bytes) -> bytes:
    """Send raw bytes and return everything that comes back until the server closes."""
    address = urlsplit(str(client.base_url))
    with socket.create_connection((address.hostname, address.port), timeout=20) as wire:
        wire.sendall(request)
        answer = b""
        try:
            while piece := wire.recv(65536):
                answer += piece
        except ConnectionResetError:
            pass
    return answer


def send_slowly(wire, pieces):
    for piece in pieces:
        wire.sendall(piece)
        time.sleep(0.001)


# Who may


def test_a_public_route_asks_for_nothing(well):
    assert well.get("/v1/open").json() == {"open": True}
    assert well.get("/v1/open", headers=bearer("rubbish")).status_code == 200


def test_a_token_names_the_caller(well, signing):
    answer = well.get("/v1/me", headers=bearer(signing.token("outcomes:read")))

    assert answer.json() == {"client": "tester", "scopes": ["outcomes:read"]}


def test_every_cause_of_401_reads_the_same(well, signing):
    answers = [
        well.get("/v1/me"),
        well.get("/v1/me", headers={"Authorization": "Basic dGVzdGVyOng="}),
        well.get("/v1/me", headers=bearer("a.b.c")),
        well.get("/v1/me", headers=bearer(signing.token(exp=1))),
        well.get("/v1/me", headers=bearer(signing.token(header={"kid": "other"}))),
        well.get("/v1/me", params={"access_token": signing.token()}),
        well.get("/v1/me", headers=[("Authorization", f"Bearer {signing.token()}")] * 2),
    ]

    assert {slug(answer) for answer in answers} == {"unauthenticated"}
    assert {answer.headers["www-authenticate"] for answer in answers} == {"Bearer"}
    assert len({answer.json()["detail"] for answer in answers}) == 1


def test_a_missing_scope_is_named(well, signing):
    answer = well.get("/v1/wells/1", headers=bearer(signing.token("outcomes:read")))

    assert answer.status_code == 403
    assert slug(answer) == "missing-scope"
    assert "measurements:read measurements:review" in answer.json()["detail"]
    assert answer.headers["www-authenticate"] == (
        'Bearer error="insufficient_scope", scope="measurements:read measurements:review"'
    )


def test_any_one_of_the_scopes_suffices(well, signing):
    for scope in ("measurements:read", "measurements:review"):
        answer = well.get("/v1/wells/1", headers=bearer(signing.token(scope)))
        assert answer.status_code == 200


@pytest.mark.parametrize("body", [b"{", b'{"code": 1}', b"[" * 50_000], ids=len)
def test_who_may_not_ask_learns_nothing_about_the_body(well, signing, body):
    headers = {"Content-Type": "application/json"}
    assert well.post("/v1/wells", content=body, headers=headers).status_code == 401

    headers |= bearer(signing.token("outcomes:read"))
    assert well.post("/v1/wells", content=body, headers=headers).status_code == 403


def test_an_app_with_an_unmarked_route_is_not_built(build):
    router = auth.Router()
    router.get("/v1/forgotten")(lambda: None)

    with pytest.raises(RouteWithoutAccess):
        build([router])
    with pytest.raises(RouteWithoutAccess):
        build([auth.Router(routes=[Mount("/files", app=lambda *_: None)])])


def test_an_app_with_routes_that_ask_nobody_is_not_built(build):
    router = APIRouter()
    router.get("/v1/open")(auth.any_token(lambda: None))

    with pytest.raises(RouteWithoutAccess, match="lets anybody in"):
        build([router])


# Problems


def test_a_problem_says_all_that_helps(well):
    answer = well.get("/v1/nothing", headers={"X-Request-ID": "my-request.7"})

    assert slug(answer) == "not-found"
    assert answer.json() == {
        "type": "urn:kembar:problem:not-found",
        "title": "Not found",
        "status": 404,
        "detail": "There is nothing at this address that you may see.",
        "instance": "/v1/nothing",
        "request_id": "my-request.7",
    }


@pytest.mark.parametrize(
    ("language", "title"),
    [("id-ID", "Tidak ditemukan"), ("ja", "見つかりません"), ("de", "Not found")],
)
def test_a_problem_speaks_the_callers_language(well, language, title):
    answer = well.get("/v1/nothing", headers={"Accept-Language": language})

    assert answer.json()["title"] == title
    assert answer.headers["content-language"] == {"id-ID": "id", "ja": "ja"}.get(language, "en")


def test_a_wrong_method_is_told_the_right_ones(well):
    answer = well.delete("/v1/open")

    assert slug(answer) == "method-not-allowed"
    assert answer.headers["allow"] == "GET"


def test_wrong_values_are_named_but_not_repeated(well, signing):
    headers = bearer(signing.token("stations:write measurements:read")) | {"Accept-Language": "id"}
    answer = well.get("/v1/wells/canary", params={"limit": "10001"}, headers=headers)

    assert slug(answer) == "invalid-request"
    assert sorted(answer.json()["errors"], key=lambda error: error["place"]) == [
        {"place": "path.number", "code": "int_parsing", "message": "Seharusnya bilangan bulat."},
        {"place": "query.limit", "code": "less_than_equal", "message": "Maksimal 10000."},
    ]
    assert "canary" not in json.dumps(answer.json()["errors"])


@pytest.mark.parametrize(
    ("body", "place", "code"),
    [
        (b'{"code": "A1", "depth_m": NaN}', "body.depth_m", "finite_number"),
        (b'{"code": "A1", "depth_m": 1e999}', "body.depth_m", "finite_number"),
        (b'{"code": "A1", "depth_m": "3"}', "body.depth_m", "float_type"),
        (b'{"code": "A1", "depth_m": true}', "body.depth_m", "float_type"),
        (b'{"code": "A", "depth_m": 3}', "body.code", "string_too_short"),
        (b'{"code": "A1"}', "body.depth_m", "missing"),
        (b'{"code": "A1", "depth_m": 3, "<b>": 1}', "body.…", "extra_forbidden"),
        (b'{"code": "A1", "depth_m": 3, "\\ud800": 1}', "body", "string_unicode"),
        (b'{"code": "A1", "depth_m": 3', "body.27", "json_invalid"),
        (b"[]", "body", "model_attributes_type"),
        (b"", "body", "missing"),
    ],
)
def test_a_wrong_body_is_422(well, signing, body, place, code):
    headers = bearer(signing.token("stations:write")) | {"Content-Type": "application/json"}
    answer = well.post("/v1/wells", content=body, headers=headers)

    assert answer.status_code == 422
    assert slug(answer) == "invalid-request"
    assert [(error["place"], error["code"]) for error in answer.json()["errors"]] == [(place, code)]


@pytest.mark.parametrize("body", [b"[" * 100_000, b"\xff\xfe", b"1" * 5000], ids=len)
def test_a_body_that_cannot_be_parsed_is_refused(well, signing, body):
    headers = bearer(signing.token("stations:write")) | {"Content-Type": "application/json"}
    answer = well.post("/v1/wells", content=body, headers=headers)

    assert answer.status_code in {400, 422}
    assert slug(answer) in {"bad-request", "invalid-request"}


def test_a_fault_is_logged_and_told_without_its_inside(well):
    with structlog.testing.capture_logs() as lines:
        answer = well.get("/v1/broken", headers={"X-Request-ID": "broken-1"})
        assert well.get("/v1/open").status_code == 200

    assert slug(answer) == "internal-fault"
    assert "cellar" not in answer.text
    fault = next(line for line in lines if line["event"] == "fault")
    assert "cellar" in fault["exception"]
    assert fault["request_id"] == "broken-1"


def test_an_outage_says_when_to_come_again_and_nothing_of_the_inside(well):
    with structlog.testing.capture_logs() as lines:
        answer = well.get("/v1/down")

    assert answer.status_code == 503
    assert slug(answer) == "database-unavailable"
    assert answer.headers["retry-after"] == "5"
    assert "secret" not in answer.text
    assert [line["event"] for line in lines] == ["database-unavailable", "request"]


# Bodies


@pytest.fixture
def narrow(build, serve):
    limits = {"json_bytes": 1000, "upload_bytes": 5000, "request_idle_s": 0.5}
    return serve(build(settings=Settings(request_timeout_s=1.0, **limits)))


def test_a_body_over_the_limit_is_refused_before_it_is_read(narrow, signing):
    token = signing.token("stations:write measurements:write")
    for path, media_type in (("wells", "application/json"), ("files", "text/csv")):
        answer = exchange(
            narrow,
            f"POST /v1/{path} HTTP/1.1\r\nHost: x\r\nContent-Length: 2147483648\r\n"
            f"Content-Type: {media_type}\r\nAuthorization: Bearer {token}\r\n\r\n".encode(),
        )
        assert answer.startswith(b"HTTP/1.1 413 ")
        assert b"connection: close" in answer.lower()
        assert b"urn:kembar:problem:too-large" in answer


def test_a_chunked_body_is_counted(narrow, signing):
    headers = bearer(signing.token("measurements:write"))
    pieces = [b"x" * 1000] * 5

    assert narrow.post("/v1/files", content=iter(pieces), headers=headers).json() == {"size": 5000}
    assert slug(narrow.post("/v1/files", content=iter([*pieces, b"x"]), headers=headers)) == (
        "too-large"
    )


def test_who_may_not_send_is_told_before_sending(narrow):
    answer = exchange(
        narrow,
        b"POST /v1/wells HTTP/1.1\r\nHost: x\r\nContent-Length: 900\r\n"
        b"Content-Type: application/json\r\nExpect: 100-continue\r\n\r\n",
    )

    assert answer.startswith(b"HTTP/1.1 401 ")
    assert b"connection: close" in answer.lower()


@pytest.mark.parametrize(
    "headers",
    [
        {"Content-Type": "text/csv"},
        {"Content-Type": "application/x-www-form-urlencoded"},
        {"Content-Type": "application/json", "Content-Encoding": "gzip"},
        {"Content-Type": ""},
    ],
)
def test_a_body_of_another_type_is_refused(well, signing, headers):
    headers = headers | bearer(signing.token("stations:write"))
    answer = well.post("/v1/wells", content=b"{}", headers=headers)

    assert slug(answer) == "unsupported-media-type"
    assert "application/json" in answer.json()["fix"]


def test_a_body_that_stops_coming_is_dropped(narrow, signing):
    began = time.monotonic()
    answer = exchange(
        narrow,
        b"POST /v1/files HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n"
        b"Authorization: Bearer " + signing.token("measurements:write").encode() + b"\r\n\r\nhalf",
    )

    assert answer.startswith(b"HTTP/1.1 408 ")
    assert 0.4 < time.monotonic() - began < 5


def test_headers_that_stop_coming_are_dropped(narrow):
    for beginning in (b"", b"GET /v1/open HTTP/1.1\r\nHost:"):
        began = time.monotonic()
        assert exchange(narrow, beginning) == b""
        assert 0.4 < time.monotonic() - began < 5


def test_headers_without_end_are_dropped(narrow):
    address = urlsplit(str(narrow.base_url))
    with socket.create_connection((address.hostname, address.port), timeout=5) as wire:
        wire.sendall(b"GET /v1/open HTTP/1.1\r\nHost: x\r\n")
        with pytest.raises(ConnectionError):
            send_slowly(wire, [b"X-Filler: " + b"x" * 4096 + b"\r\n"] * 1000)


def test_a_body_cut_short_is_no_fault(build, serve, signing):
    client = serve(build())
    address = urlsplit(str(client.base_url))
    with structlog.testing.capture_logs() as lines:
        with socket.create_connection((address.hostname, address.port), timeout=5) as wire:
            wire.sendall(
                b"POST /v1/files HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\nAuthorization: "
                b"Bearer " + signing.token("measurements:write").encode() + b"\r\n\r\nhalf"
            )
        deadline = time.monotonic() + 5
        while not lines and time.monotonic() < deadline:
            time.sleep(0.01)

    assert [(line["event"], line.get("problem")) for line in lines] == [
        ("request", "incomplete-body")
    ]


# What every answer carries, and what is noted


def test_every_answer_is_named_and_guarded(well):
    for path in ("/v1/open", "/v1/nothing", "/v1/broken"):
        headers = well.get(path, headers={"X-Request-ID": "bad\tid"}).headers
        assert len(headers["x-request-id"]) == 32
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"
        assert "default-src 'none'" in headers["content-security-policy"]


def test_what_the_server_refuses_before_the_app_is_named_and_guarded_too(well):
    own = well.get("/v1/nothing").headers
    for request, status in (
        (b"GET /v1/open HTTP/9.9\r\n\r\n", 400),
        (b"GET /v1/open HTTP/1.1\r\n" + b"X-Many: 1\r\n" * 300 + b"\r\n", 431),
    ):
        head, _, body = exchange(well, request).partition(b"\r\n\r\n")
        lines = head.decode().split("\r\n")
        headers = dict(line.split(": ", 1) for line in lines[1:])

        assert lines[0].startswith(f"HTTP/1.1 {status} ")
        assert headers["content-length"] == str(len(body))
        assert headers["x-request-id"] == json.loads(body)["request_id"]
        for name in (
            "cache-control",
            "x-content-type-options",
            "referrer-policy",
            "content-security-policy",
        ):
            assert headers[name] == own[name]


def test_a_request_names_one_host(well):
    get = b"GET /v1/open HTTP/1.1\r\nHost: x\r\n"
    last = get + b"Connection: close\r\n\r\n"

    assert exchange(well, get + b"\r\n" + last).count(b"HTTP/1.1 200 ") == 2
    for second in (b"Host: x", b"hOST: y"):
        assert exchange(well, get + second + b"\r\n\r\n").startswith(b"HTTP/1.1 400 ")


@pytest.mark.parametrize("sent", ["kembar_0123456789", "job-7.kembar_0123456789"])
def test_a_clients_secret_is_no_request_id(well, sent):
    with structlog.testing.capture_logs() as lines:
        answer = well.get("/v1/open", headers={"X-Request-ID": sent})

    assert len(answer.headers["x-request-id"]) == 32
    assert "kembar_" not in str(lines)


def test_a_request_is_one_line_without_its_query(well, signing):
    with structlog.testing.capture_logs() as lines:
        well.get(
            "/v1/wells/7",
            params={"limit": 50, "canary": "canary"},
            headers=bearer(signing.token("measurements:read")) | {"Cookie": "canary=canary"},
        )

    (line,) = lines
    assert line.pop("ms") > 0
    assert len(line.pop("request_id")) == 32
    assert line == {
        "event": "request",
        "log_level": "info",
        "client": "tester",
        "method": "GET",
        "route": "/v1/wells/{number}",
        "status": 200,
        "rows": 50,
    }


def test_durations_are_counted_by_template(well, signing):
    for number in range(5):
        well.get(f"/v1/wells/{number}", headers=bearer(signing.token("measurements:read")))
        well.get(f"/odd/{number}")
        well.request("PROPFIND", "/v1/open")
    text = well.get("/metrics", headers=bearer(signing.token("metrics:read"))).text

    counts = [line for line in text.splitlines() if "seconds_count{" in line]
    assert sorted(counts) == [
        'kembar_http_request_duration_seconds_count{method="GET",route="/v1/wells/{number}",'
        'status="200"} 5.0',
        'kembar_http_request_duration_seconds_count{method="GET",route="unmatched",'
        'status="404"} 5.0',
        'kembar_http_request_duration_seconds_count{method="other",route="/v1/open",'
        'status="405"} 5.0',
    ]
    assert "_created" not in text
    assert "process_resident_memory_bytes" in text


def test_metrics_speak_both_dialects_to_who_may_read_them(well, signing):
    assert well.get("/metrics").status_code == 401
    assert well.get("/metrics", headers=bearer(signing.token("outcomes:read"))).status_code == 403
    headers = bearer(signing.token("metrics:read"))
    assert well.get("/metrics", headers=headers).headers["content-type"].startswith("text/plain")
    answer = well.get("/metrics", headers=headers | {"Accept": "application/openmetrics-text"})
    assert answer.headers["content-type"].startswith("application/openmetrics-text")
    assert answer.text.endswith("# EOF\n")


def test_two_apps_count_apart(build, serve, signing):
    one, other = serve(build()), serve(build())
    one.get("/v1/open")

    headers = bearer(signing.token("metrics:read"))
    assert 'route="/v1/open"' in one.get("/metrics", headers=headers).text
    assert 'route="/v1/open"' not in other.get("/metrics", headers=headers).text


# Whether it can serve


def test_ready_means_every_check_passes(build, serve):
    health = {"database": True}
    client = serve(build(checks={"database": lambda: health["database"], "other": lambda: True}))
    assert client.get("/readyz").status_code == 200

    health["database"] = False
    answer = client.get("/readyz")
    assert slug(answer) == "not-ready"
    assert answer.json()["failing"] == ["database"]
    assert answer.headers["retry-after"] == "5"
    assert client.get("/livez").json() == {"status": "live"}


# What it promises


def test_the_schema_says_who_may(well):
    schema = well.get("/openapi.json").json()
    paths = schema["paths"]

    assert "security" not in paths["/v1/open"]["get"]
    assert paths["/v1/me"]["get"]["security"] == [{"bearer": []}]
    read = paths["/v1/wells/{number}"]["get"]
    assert read["security"] == [
        {"bearer": ["measurements:read"]},
        {"bearer": ["measurements:review"]},
    ]
    assert {"200", "401", "403", "422", "default"} <= set(read["responses"])
    assert schema["components"]["securitySchemes"]["bearer"]["scheme"] == "bearer"
    assert "HTTPValidationError" not in json.dumps(schema)
    assert "/docs" not in paths


def test_the_page_of_the_api_needs_nothing_from_elsewhere(well):
    page = well.get("/docs")

    assert page.status_code == 200
    assert "http" not in page.text
    assert "script-src 'self'" in page.headers["content-security-policy"]
    for name in ("docs/swagger-ui.css", "docs/swagger-ui-bundle.js", "docs/start.js"):
        assert f'"{name}"' in page.text
        assert well.get(f"/{name}").status_code == 200
    assert slug(well.get("/docs/..%2F..%2Fmessages.toml")) == "not-found"


@pytest.mark.parametrize("path", ["/docs/", "/livez/", "/v1/open/", "/openapi.json/"])
def test_no_address_leads_to_a_host_that_the_sender_names(well, path):
    answer = well.get(path, headers={"Host": "elsewhere.example"})

    assert slug(answer) == "not-found"
    assert "location" not in answer.headers


def test_vendored_files_are_what_they_were():
    folder = resources.files("kembar_shared.chassis") / "static" / "vendor"
    listed = tomllib.loads((folder / "vendor.toml").read_text())

    for package, entry in listed.items():
        assert entry["version"]
        assert entry["licence"]
        present = {file.name for file in (folder / package).iterdir()}
        assert set(entry["sha256"]) == present
        for name, digest in entry["sha256"].items():
            content = (folder / package / name).read_bytes()
            assert hashlib.sha256(content).hexdigest() == digest, name
