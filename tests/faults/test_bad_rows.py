"""A file with bad rows loses nothing, and nothing ambiguous is guessed (promises P3 and P3b)."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.faults.devices import HEADER
from tests.faults.processes import all_rows

CSV = {"Content-Type": "text/csv"}
GOOD = ("0", "1", "0.1", "12.5", "0.000001", "123456.789", "3.14159265358979", "7e-3")
BAD = (
    "", "x", "NaN", "nan", "Infinity", "-inf", "1e400", "1_000", "0x10", "１２", "٣", "1,5", "--1",  # noqa: RUF001
    "1.2.3", "1 2", "=1+1", "<", "1.23456789012345678", "true", "null", "\u00bd",
)  # fmt: skip


def line(minute, value, *, station="D-1", parameter="bod", unit="mg/L"):
    time = f"2024-01-01T{minute // 60:02}:{minute % 60:02}:00Z"
    return f'{station},{parameter},{time},"{value}",{unit}\n'


def send(client, lines, **query):
    body = (HEADER + "".join(lines)).encode()
    return client.post("/v1/uploads", content=body, headers=CSV, params=query).json()


def accounts(receipt):
    parts = ("inserted", "unchanged", "corrected", "rejected")
    return sum(receipt[part] for part in parts) == receipt["received"]


@pytest.fixture
def client(water):
    with water.client() as client:
        yield client


def test_each_bad_row_is_reported_and_each_good_one_kept_as_sent(client):
    values = [value for pair in zip(GOOD, BAD, strict=False) for value in pair]
    values += BAD[len(GOOD) :]
    lines = [line(minute, value) for minute, value in enumerate(values)]
    lines += [
        line(300, "1", station="nowhere"), line(301, "1", parameter="unheard"),
        line(302, "1", unit="furlong"), "D-1,bod\n", 'D-1,bod,"2024-01-01T00:00:00Z,1,mg/L\n',
    ]  # fmt: skip
    receipt = send(client, lines)
    rejected = all_rows(client, receipt["rejections"])
    stored = {row["line"]: row for row in all_rows(client)}
    bad = {n + 2 for n, text in enumerate(lines) if n >= len(values) or values[n] in BAD}

    assert accounts(receipt)
    assert receipt["inserted"] == len(GOOD)
    assert {row["line"] for row in rejected} == bad
    assert set(stored) == {n + 2 for n in range(len(lines))} - bad
    for number, row in stored.items():
        assert row["value"] == float(values[number - 2])
    for row in rejected:
        assert row["raw"] == lines[row["line"] - 2].rstrip("\n")
        assert row["code"]
        assert row["fix"]


def test_the_same_moment_with_two_values_is_refused_twice(client):
    receipt = send(client, [line(0, "1"), line(0, "2"), line(1, "3"), line(1, "3")])

    assert (receipt["inserted"], receipt["unchanged"], receipt["rejected"]) == (1, 1, 2)
    assert [row["line"] for row in all_rows(client, receipt["rejections"])] == [2, 3]


def test_a_correction_is_counted_and_a_late_resend_is_reported(client):
    send(client, [line(0, "1")])
    corrected = send(client, [line(0, "2")])
    late = send(client, [line(0, "1"), line(1, "5")])

    assert corrected["corrected"] == 1
    assert (late["rejected"], late["inserted"]) == (1, 1)
    assert all_rows(client, late["rejections"])[0]["code"] == "superseded-value"
    assert [row["value"] for row in all_rows(client)] == [2, 5]


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    numbers=st.lists(
        st.floats(1e-9, 1e6).map(lambda x: float(f"{x:.15g}")),
        min_size=1,
        max_size=30,
    )
)
def test_a_value_is_read_back_as_it_was_sent(client, numbers):
    """Each example is an upload of its own; what another has stored is corrected or the same."""
    receipt = send(client, [line(n, repr(x)) for n, x in enumerate(numbers)], reinstate="true")
    own = [row for row in all_rows(client) if row["upload"] == receipt["id"]]
    stored = {row["line"]: row["value"] for row in own}

    assert accounts(receipt)
    assert receipt["rejected"] == 0
    assert all(stored[n] == numbers[n - 2] for n in stored)
    assert len(stored) == receipt["inserted"] + receipt["corrected"]


@pytest.mark.parametrize(
    "body",
    [b"", b"\n\n", HEADER.encode(), b"\x00" * 1000, b"\x89PNG\r\n", b"PK\x03\x04" + b"\0" * 99,
     b"\xff\xfe" + HEADER.encode("utf-16-le"), b'"' * 100_000, b"," * 100_000, b"a" * 10_000_000,
     HEADER.encode() + b"\xff\xfe\xfd,,,,\n", HEADER.encode() * 3, b"[" * 100_000, b"{" * 100_000],
    ids=range(14),
)  # fmt: skip
@pytest.mark.parametrize("media_type", ["text/csv", "application/json"])
def test_a_file_that_is_none_is_refused_and_harms_nothing(client, body, media_type):
    answer = client.post("/v1/uploads", content=body, headers={"Content-Type": media_type})

    assert answer.status_code in {400, 422}, answer.text
    assert answer.headers["content-type"].startswith("application/problem+json")
    assert all_rows(client) == []
    assert client.get("/livez").status_code == 200
