import base64

import pytest

from kembar_client.api import Api, Misused, Refused, Unreachable, is_ready


@pytest.fixture
def pauses():
    return []


@pytest.fixture
def api(gateway, credentials, pauses):
    with Api(gateway.url, credentials, "field-agent", "ja", pause=pauses.append) as api:
        yield api


def test_one_token_serves_many_requests(api, gateway):
    gateway.answer("GET", "/v1/outcomes", 200, {"items": []})

    api.get("/v1/outcomes", period="2023", cursor=None)
    api.get("/v1/outcomes")

    token = gateway.seen("/oauth/token")
    first, second = gateway.seen("/v1/outcomes")
    basic = base64.b64decode(token[0]["headers"]["Authorization"].removeprefix("Basic ")).decode()
    assert (len(token), basic) == (1, "field-agent-id:s3cret")
    assert first["query"] == {"period": "2023"}
    assert second["headers"]["Authorization"] == "Bearer abc"
    assert second["headers"]["Accept-Language"] == "ja"


def test_a_token_about_to_end_is_replaced(gateway, credentials):
    gateway.answers.clear()
    gateway.answer("POST", "/oauth/token", 200, {"access_token": "old", "expires_in": 10})
    gateway.answer("GET", "/v1/outcomes", 200, {"items": []})

    with Api(gateway.url, credentials, "partner") as api:
        api.get("/v1/outcomes")
        api.get("/v1/outcomes")

    assert len(gateway.seen("/oauth/token")) == 2


def test_pages_are_followed_to_the_end(api, gateway):
    gateway.answer("GET", "/v1/outcomes", 200, {"items": [{"n": 1}], "next": "more"})
    gateway.answer("GET", "/v1/outcomes", 200, {"items": [{"n": 2}], "next": None})

    assert [item["n"] for item in api.pages("/v1/outcomes", period="2023")] == [1, 2]
    assert gateway.seen("/v1/outcomes")[1]["query"] == {"period": "2023", "cursor": "more"}


def test_a_file_is_sent_whole_with_key_type_and_progress(api, gateway, tmp_path):
    file = tmp_path / "rows.csv"
    file.write_bytes(b"x" * 600_000)
    gateway.answer("POST", "/water/v1/uploads", 201, {"received": 1})
    steps = []

    receipt = api.upload("water", file, key="k" * 8, query={"mode": "x"}, sent=steps.append)

    (request,) = gateway.seen("/water/v1/uploads")
    assert receipt == {"received": 1}
    assert request["body"] == file.read_bytes()
    assert request["query"] == {"mode": "x"}
    assert request["headers"]["Content-Type"] == "text/csv"
    assert request["headers"]["Idempotency-Key"] == "k" * 8
    assert steps == sorted(steps)
    assert steps[-1] == 600_000


@pytest.mark.parametrize(
    ("name", "media_type", "coding"),
    [
        ("rows.TSV", "text/tab-separated-values", None),
        ("rows.ods", "application/vnd.oasis.opendocument.spreadsheet", None),
        ("rows.parquet.gz", "application/vnd.apache.parquet", "gzip"),
        ("rows.2026.csv.GZ", "text/csv", "gzip"),
    ],
)
def test_the_endings_say_what_a_file_is(api, gateway, tmp_path, name, media_type, coding):
    file = tmp_path / name
    file.write_bytes(b"x")
    gateway.answer("POST", "/water/v1/uploads", 201, {"received": 1})
    api.upload("water", file, key="k" * 8, query={})

    (request,) = gateway.seen("/water/v1/uploads")
    assert request["headers"]["Content-Type"] == media_type
    assert request["headers"]["Content-Encoding"] == coding


@pytest.mark.parametrize("name", ["rows.gz", "rows.docx.gz"])
def test_a_packed_file_of_unknown_ending_is_not_sent(api, gateway, tmp_path, name):
    (tmp_path / name).touch()

    with pytest.raises(Misused, match="rows"):
        api.upload("water", tmp_path / name, key="k" * 8, query={})

    assert gateway.requests == []


def test_a_file_of_unknown_ending_is_not_sent(api, gateway, tmp_path):
    file = tmp_path / "rows.docx"
    file.touch()

    with pytest.raises(Misused, match=r"rows\.docx"):
        api.upload("water", file, key="k" * 8, query={})

    assert gateway.requests == []


def test_a_busy_server_is_asked_again_after_the_pause_it_wants(api, gateway, pauses, tmp_path):
    file = tmp_path / "rows.csv"
    file.write_bytes(b"whole")
    gateway.answer("POST", "/air/v1/uploads", 429, {}, Retry_After="3")
    gateway.answer("POST", "/air/v1/uploads", 503, {}, Retry_After="900")
    gateway.answer("POST", "/air/v1/uploads", 201, {"received": 1})

    api.upload("air", file, key="k" * 8, query={})

    assert pauses == [3, 10]
    assert [request["body"] for request in gateway.seen("/air/v1/uploads")] == [b"whole"] * 3


def test_what_a_proxy_lost_is_sent_again_only_where_that_stores_nothing_twice(
    api, gateway, pauses, tmp_path
):
    file = tmp_path / "rows.csv"
    file.write_bytes(b"whole")
    gateway.answer("POST", "/air/v1/uploads", 502, {})
    gateway.answer("POST", "/air/v1/uploads", 201, {"received": 1})
    gateway.answer("POST", "/v1/clients", 502, {})

    api.upload("air", file, key="k" * 8, query={})
    with pytest.raises(Unreachable):
        api.post("/v1/clients", {})

    assert pauses == [1]
    assert len(gateway.seen("/v1/clients")) == 1


def test_a_server_that_stays_busy_counts_as_unreachable(api, gateway, pauses):
    gateway.answer("GET", "/v1/outcomes", 503, {"title": "Database unavailable"})

    with pytest.raises(Unreachable, match="Database unavailable"):
        api.get("/v1/outcomes")

    assert pauses == [1, 1, 1]


def test_a_refusal_says_what_the_server_said(api, gateway):
    problem = {"title": "Missing scope", "detail": "outcomes:read is needed.", "fix": "Ask for it."}
    gateway.answer("GET", "/v1/outcomes", 403, problem)

    with pytest.raises(Refused) as refused:
        api.get("/v1/outcomes")

    assert str(refused.value) == "Missing scope outcomes:read is needed. Ask for it."
    assert refused.value.problem == problem


def test_nobody_there_is_unreachable(credentials):
    with (
        Api("http://127.0.0.1:9", credentials, "partner") as api,
        pytest.raises(Unreachable, match=r"http://127\.0\.0\.1:9"),
    ):
        api.fetch_token()


def test_an_unknown_role_names_the_known_ones(gateway, credentials):
    with (
        Api(gateway.url, credentials, "mayor") as api,
        pytest.raises(Misused, match=r"mayor.*field-agent, operator, partner"),
    ):
        api.fetch_token()


@pytest.mark.parametrize(
    "content", [None, "", "[]", '{"clients": 3}', '{"clients": {"partner": 1}}']
)
def test_credentials_that_cannot_be_read_are_named(gateway, tmp_path, content):
    file = tmp_path / "credentials.json"
    if content is not None:
        file.write_text(content)

    with (
        Api(gateway.url, file, "partner") as api,
        pytest.raises(Misused, match=r"credentials\.json"),
    ):
        api.fetch_token()


def test_readiness_is_what_readyz_says(gateway):
    gateway.answer("GET", "/readyz", 503, {})
    gateway.answer("GET", "/readyz", 200, {})

    assert [is_ready(gateway.url), is_ready(gateway.url)] == [False, True]
    assert not is_ready("http://127.0.0.1:9")
