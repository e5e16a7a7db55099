import json
import logging
import time

import pytest
import structlog

from kembar_shared.chassis import logs
from kembar_shared.chassis.settings import Settings


@pytest.fixture
def restored():
    handlers, level = logging.root.handlers[:], logging.root.level
    before = structlog.get_config()
    yield
    structlog.configure(**before)
    logging.root.handlers[:] = handlers
    logging.root.setLevel(level)


def lines_of(capsys):
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


pytestmark = pytest.mark.usefixtures("restored")


def test_a_requests_line_gathers_what_was_learnt_on_the_way(capsys):
    logs.configure(Settings(), "well")
    logs.begin()
    logs.bind(rows=7)
    logs.write(status=201, method="POST", route="/v1/uploads")
    logs.begin()
    logs.write(status=503, method="GET", route="/readyz")

    first, second = lines_of(capsys)
    assert first.pop("time").endswith("Z")
    assert first == {
        "event": "request",
        "level": "info",
        "service": "well",
        "status": 201,
        "method": "POST",
        "route": "/v1/uploads",
        "rows": 7,
    }
    assert "rows" not in second
    assert second["level"] == "error"


def test_input_cannot_forge_a_line(capsys):
    logs.configure(Settings(), "well")
    logs.begin()
    logs.write(status=200, client='a"}\n{"event": "forged\u2028')
    logs.fault("fault", ValueError('x\n{"event": "forged"}'))

    assert [line["event"] for line in lines_of(capsys)] == ["request", "fault"]


def test_libraries_speak_the_same_language_but_not_of_urls(capsys):
    logs.configure(Settings(), "well")
    logging.getLogger("uvicorn.error").info("Started")
    logging.getLogger("httpx").info("GET http://127.0.0.1/?secret=canary")
    logging.getLogger("anything").warning("Careful %s", "now")

    lines = lines_of(capsys)
    assert [line["event"] for line in lines] == ["Started", "Careful now"]
    assert {line["service"] for line in lines} == {"well"}
    assert all(line["time"].endswith("Z") for line in lines)


def _fail(password, depth=0):
    if depth:
        return _fail(password, depth - 1)
    given = {"password": password, "rows": [password] * 100_000}
    try:
        return given["absent"]
    except KeyError as error:
        raise ValueError("nothing to see") from error


def _caught(call, *args):
    try:
        call(*args)
    except Exception as error:  # noqa: BLE001  whatever it is, it is told
        return error
    raise AssertionError


def test_a_fault_is_told_with_its_place_and_no_value(capsys):
    logs.configure(Settings(), "well")
    logs.fault("fault", _caught(_fail, "canary"), request_id="r1")
    logging.getLogger("uvicorn.error").error("Oh", exc_info=_caught(_fail, "canary"))

    for line in lines_of(capsys):
        told = line["exception"]
        assert "canary" not in json.dumps(line)
        assert "KeyError: 'absent'" in told
        assert told.endswith("ValueError: nothing to see")
        assert "test_logs.py" in told
        assert "in _fail" in told


def test_a_fault_is_told_without_values_before_logging_is_configured_too(capsys):
    logs.fault("fault", _caught(_fail, "canary"))

    text = capsys.readouterr().out
    assert "ValueError: nothing to see" in text
    assert "canary" not in text


def test_a_fault_is_told_soon_and_briefly_however_large_it_is(capsys):
    def long(depth):
        if depth:
            return long(depth - 1)
        return _fail("canary")

    statement = "INSERT " + "x" * 5_000_000
    quoting = RuntimeError(statement + " the end")
    quoting.__cause__ = KeyError(statement)
    quoting.__cause__.__cause__ = ValueError(statement)

    logs.configure(Settings(), "well")
    began = time.process_time()
    logs.fault("fault", _caught(long, 900))
    logs.fault("fault", quoting)

    assert time.process_time() - began < 1
    deep, wide = (line["exception"] for line in lines_of(capsys))
    assert "in _fail" in deep
    assert "RuntimeError: INSERT" in wide
    assert wide.endswith("the end")
    assert max(len(deep), len(wide)) < 21_000
