"""Text stays text, in every filter, path and export (promise P11)."""

from __future__ import annotations

import csv
import io
import time

import pytest

from tests.faults.devices import HEADER

INJECTIONS = [
    "'", '"', "''", "`", ";", "--", "/*", "*/", "\\", "%", "_", "%%", "D-1'", "D-1' OR '1'='1",
    "D-1' OR 1=1 --", "'; DROP TABLE measurement; --", "' UNION SELECT name FROM sqlite_master --",
    "1; SELECT pg_sleep(5)", "' || pg_sleep(5) --", "1 AND 1=randomblob(500000000)",
    "$1", ":name", "?", "%s", "{0}", "${jndi:ldap://127.0.0.1/a}", "{{7*7}}", "<script>",
    "../../etc/passwd", "..%2f..%2fetc%2fpasswd", "\x00", "\r\nX-Injected: 1", "\u202e", "\ufeff",
    "\ud7ff", "a" * 2000, "true", "null", "NaN", "-1", "1e400", "999999999999999999999",
]  # fmt: skip
FORMULA_STARTS = "=+-@\t\r\n＝＋－＠"  # noqa: RUF001
SLOW_S = 3


@pytest.fixture
def client(water):
    with water.client() as client:
        lines = "".join(f"D-1,bod,2024-01-{d:02}T00:00:00Z,{d},mg/L\n" for d in range(1, 6))
        answer = client.post(
            "/v1/uploads", content=HEADER + lines, headers={"Content-Type": "text/csv"}
        )
        assert answer.json()["inserted"] == 5
        yield client


def get_operations(client):
    paths = client.get("/openapi.json").json()["paths"]
    return {path: methods["get"] for path, methods in paths.items() if "get" in methods}


def test_no_filter_runs_what_it_is_given(client):
    asked = 0
    for path, operation in get_operations(client).items():
        queries = [p["name"] for p in operation.get("parameters", []) if p["in"] == "query"]
        for name in queries:
            whole = client.get(path) if "{" not in path else None
            least = len(whole.json()["items"]) if whole is not None and whole.is_success else 0
            for text in INJECTIONS:
                began = time.monotonic()
                answer = client.get(path.replace("{code}", "none"), params={name: text})
                assert answer.status_code < 500, (path, name, text)
                assert time.monotonic() - began < SLOW_S, (path, name, text)
                assert "x-injected" not in answer.headers
                if answer.status_code == 200 and name in {"station", "parameter", "material"}:
                    assert answer.json()["items"] == [], (path, name, text)
                elif answer.status_code == 200:
                    assert len(answer.json()["items"]) <= least, (path, name, text)
                asked += 1

    assert asked > 500
    assert len(client.get("/v1/measurements").json()["items"]) == 5


def test_no_path_runs_what_it_is_given(client):
    for path in get_operations(client):
        if "{code}" not in path:
            continue
        for text in INJECTIONS:
            answer = client.get(path.replace("{code}", _quoted(text)))
            assert answer.status_code in {404, 422, 400}, (path, text, answer.text)


def _quoted(text):
    return "".join(f"%{byte:02X}" for byte in text.encode())


def test_no_exported_cell_is_a_formula(client):
    cells = [start + rest for start in FORMULA_STARTS for rest in ("cmd|' /C calc'!A0", "1+1", "")]
    cells += ["-5", "+5.25", "=1", "@SUM(A1)", "-2+3", " =1", "-٥", "−1"]  # noqa: RUF001
    lines = [f'"D-1","bod","2024-02-01T00:00:00Z","{cell}","mg/L"\n' for cell in cells]
    lines += [f'"{cell}","bod","2024-02-01T00:00:00Z","1","mg/L"\n' for cell in cells]
    answer = client.post(
        "/v1/uploads",
        content=(HEADER + "".join(lines)).encode(),
        headers={"Content-Type": "text/csv"},
    )
    receipt = answer.json().get("receipt", answer.json())
    exported = client.get(receipt["rejections"], params={"format": "csv", "limit": 10000})
    table = list(csv.reader(io.StringIO(exported.text, newline="")))

    assert len(table) > len(cells)
    for row in table:
        for cell in row:
            is_number = (
                cell.lstrip("+-").replace(".", "", 1).isascii()
                and cell.lstrip("+-").replace(".", "", 1).isdigit()
            )
            assert is_number or not cell.startswith(tuple(FORMULA_STARTS)), cell
