import json
import logging

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
