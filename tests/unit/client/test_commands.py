import json

import pytest
from typer.testing import CliRunner

from kembar_client.commands import app

RECEIPT = {
    "id": "u1",
    "received": 3,
    "inserted": 2,
    "unchanged": 0,
    "corrected": 0,
    "rejected": 0,
    "flagged": 0,
    "replayed": False,
    "rejections": "/v1/uploads/u1/rejections",
}
ROW = {
    "line": 3,
    "column": "time",
    "value": "[bold]yesterday",
    "code": "time-unreadable",
    "message": "Not a time.",
    "fix": "Write 2023-04-04T08:00:00+07:00.",
}


@pytest.fixture
def kembar(gateway, credentials, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    runner = CliRunner()

    def run(*arguments, **environment):
        places = {"KEMBAR_URL": gateway.url, "KEMBAR_VAR": str(credentials.parent), "LANG": "C"}
        return runner.invoke(app, [*map(str, arguments)], env=places | environment)

    return run


@pytest.fixture
def file(tmp_path):
    file = tmp_path / "rows.csv"
    file.write_text("station,parameter,time,value,unit\n")
    return file


def test_a_token_is_printed_alone(kembar):
    assert kembar("token", "partner").stdout == "abc\n"
    assert json.loads(kembar("token", "partner", "--json").stdout)["expires_in"] == 900


def test_an_unknown_role_is_a_usage_error_in_the_readers_language(kembar):
    done = kembar("token", "mayor", LANG="id_ID.UTF-8")

    assert done.exit_code == 2
    assert "tidak memuat peran mayor" in done.stderr


def test_a_receipt_without_rejections_ends_well(kembar, gateway, file):
    gateway.answer("POST", "/water/v1/uploads", 201, RECEIPT)

    done = kembar("upload", "water", file, "--timezone", "Asia/Jakarta", "--decimal", "comma")

    (request,) = gateway.seen("/water/v1/uploads")
    assert done.exit_code == 0
    assert "inserted" in done.stdout
    assert request["query"] == {
        "timezone": "Asia/Jakarta",
        "decimal": "comma",
        "mode": "accept-valid",
    }


def test_refused_rows_are_listed_and_the_exit_code_says_so(kembar, gateway, file):
    gateway.answer("POST", "/water/v1/uploads", 201, RECEIPT | {"rejected": 1})
    gateway.answer("GET", "/water/v1/uploads/u1/rejections", 200, {"items": [ROW], "next": None})

    done = kembar("upload", "water", file)

    assert done.exit_code == 1
    for word in ("3", "time", "[bold]yesterday", "time-unreadable", "Not a time."):
        assert word in done.stdout


def test_a_file_refused_whole_shows_its_rows_too(kembar, gateway, file):
    receipt = RECEIPT | {"inserted": 0, "rejected": 3}
    problem = {"title": "Nothing could be stored", "status": 422, "receipt": receipt}
    gateway.answer("POST", "/water/v1/uploads", 422, problem)
    gateway.answer("GET", "/water/v1/uploads/u1/rejections", 200, {"items": [ROW], "next": None})

    done = kembar("upload", "water", file, "--json")

    answer = json.loads(done.stdout)
    assert done.exit_code == 1
    assert answer == {"receipt": receipt, "rejections": [ROW]}
    assert "Nothing could be stored" in done.stderr


def test_a_long_list_of_rows_to_fix_says_where_the_rest_is(kembar, gateway, file):
    gateway.answer("POST", "/water/v1/uploads", 201, RECEIPT | {"rejected": 60})
    rows = {"items": [ROW] * 60, "next": None}
    gateway.answer("GET", "/water/v1/uploads/u1/rejections", 200, rows)

    done = kembar("upload", "water", file)

    assert done.stdout.count("time-unreadable") == 50
    assert RECEIPT["rejections"] in done.stdout


def test_a_file_sent_before_is_said_to_be(kembar, gateway, file):
    gateway.answer("POST", "/water/v1/uploads", 200, RECEIPT | {"replayed": True})

    assert "sent before" in kembar("upload", "water", file).stdout


def test_a_file_that_cannot_be_read_at_all_shows_the_problems_errors(kembar, gateway, file):
    problem = {"title": "Unreadable file", "status": 422, "errors": [ROW]}
    gateway.answer("POST", "/water/v1/uploads", 422, problem)

    done = kembar("upload", "water", file)

    assert done.exit_code == 1
    assert "Unreadable file" in done.stderr
    assert "time-unreadable" in done.stdout


@pytest.mark.parametrize("options", [(), ("--json",)])
def test_a_file_without_rows_shows_its_reason_though_nothing_was_counted(
    kembar, gateway, file, options
):
    receipt = RECEIPT | {"received": 0, "inserted": 0}
    problem = {"title": "Nothing stored", "status": 422, "errors": [ROW], "receipt": receipt}
    gateway.answer("POST", "/water/v1/uploads", 422, problem)

    done = kembar("upload", "water", file, *options)

    assert done.exit_code == 1
    assert "Nothing stored" in done.stderr
    for word in ("3", "time", "time-unreadable", "Not a time.", "Write 2023-04-04T08:00:00+07:00."):
        assert word in done.stdout
    if options:
        assert json.loads(done.stdout) == {"receipt": receipt, "rejections": [ROW]}


def test_a_dry_run_of_a_file_without_rows_shows_its_reason_too(kembar, gateway, file):
    tried = {"received": 0, "inserted": 0, "id": None, "dry_run": True, "rejections": None}
    gateway.answer("POST", "/water/v1/uploads", 200, RECEIPT | tried | {"errors": [ROW]})

    done = kembar("upload", "water", file, "--dry-run")

    assert done.exit_code == 1
    assert "time-unreadable" in done.stdout


def test_each_call_has_a_key_of_its_own_that_its_retries_share(kembar, gateway, file):
    busy = {"title": "Busy", "status": 503}
    gateway.answer("POST", "/water/v1/uploads", 503, busy, Retry_After="0")
    gateway.answer("POST", "/water/v1/uploads", 201, RECEIPT)

    calls = [kembar("upload", "water", file), kembar("upload", "water", file)]

    first, retry, second = (
        request["headers"]["Idempotency-Key"] for request in gateway.seen("/water/v1/uploads")
    )
    assert [call.exit_code for call in calls] == [0, 0]
    assert first == retry != second


def test_a_key_of_ones_own_and_reinstate_go_along(kembar, gateway, file):
    gateway.answer("POST", "/water/v1/uploads", 201, RECEIPT)

    kembar("upload", "water", file, "--idempotency-key", "march-2023", "--reinstate")

    (request,) = gateway.seen("/water/v1/uploads")
    assert request["headers"]["Idempotency-Key"] == "march-2023"
    assert request["query"]["reinstate"] == "true"


@pytest.mark.parametrize(
    "key", ["クエリ-2023-03", "märz-2023", "short", "", "with space", "x" * 129]
)
def test_a_key_that_cannot_be_sent_is_a_usage_error(kembar, gateway, file, key):
    done = kembar("upload", "water", file, "--idempotency-key", key)

    assert done.exit_code == 2
    assert "--idempotency-key must be 8 to 128 characters" in done.stderr
    assert gateway.requests == []


@pytest.mark.parametrize("option", [("--decimal", "period"), ("--dates", "mdy"), ("--mode", "all")])
def test_an_unknown_declaration_is_a_usage_error_that_lists_the_known(
    kembar, gateway, file, option
):
    done = kembar("upload", "water", file, *option)

    assert done.exit_code == 2
    assert option[1] in done.stderr
    assert {"comma", "dmy", "accept-valid"} & set(done.stderr.replace("'", " ").split())
    assert gateway.requests == []


@pytest.mark.parametrize(
    "arguments", [("upload", "soil", "x.csv"), ("upload", "water", "absent.csv"), ("fly",)]
)
def test_a_call_that_cannot_be_is_a_usage_error(kembar, arguments):
    assert kembar(*arguments).exit_code == 2


def test_nobody_there_is_exit_code_3(kembar, file):
    done = kembar("upload", "water", file, "--url", "http://127.0.0.1:9", "--json")

    assert done.exit_code == 3
    assert "127.0.0.1:9" in json.loads(done.stdout)["title"]


def test_outcomes_show_a_state_where_there_is_no_number(kembar, gateway):
    figure = {
        "indicator": "water.pollution_index",
        "period": "2023-04",
        "actual": None,
        "target": 1.0,
        "unit": "1",
        "state": "insufficient",
    }
    gateway.answer("GET", "/v1/outcomes", 200, {"items": [figure], "next": None})

    done = kembar("outcomes", "--period", "2023-04", "--lang", "ja")

    assert "insufficient" in done.stdout
    assert "成果指標" in done.stdout
    assert "None" not in done.stdout
    assert gateway.seen("/v1/outcomes")[0]["headers"]["Accept-Language"] == "ja"


def test_outcomes_of_two_cooperations_are_told_apart(kembar, gateway):
    figure = {"indicator": "waste.generated", "period": "2023", "actual": 1.0, "state": "ok"}
    figures = [{**figure, "cooperation": code} for code in ("west-east", "north-south")]
    gateway.answer("GET", "/v1/outcomes", 200, {"items": figures, "next": None})

    done = kembar("outcomes", "--cooperation", "any")

    assert done.stdout.index("west-east") < done.stdout.index("north-south")
    assert done.stdout.count("waste.generated") == 2
    assert gateway.seen("/v1/outcomes")[0]["query"] == {"cooperation": "any"}


def test_a_database_of_another_kind_is_a_usage_error(kembar, tmp_path):
    done = kembar("up", "--database", "mysql://x", "--var", tmp_path / "var")

    assert done.exit_code == 2
    assert "postgresql://" in done.stderr
    assert not (tmp_path / "var").exists()
