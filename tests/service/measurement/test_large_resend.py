"""Thousands of rows sent again: what is plainly stored already is told from all that is not."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from kembar_shared.chassis.database import connect
from tests.service.measurement.recomputed import differences

ROWS = 7_000
BEGIN = datetime(2025, 12, 20, tzinfo=UTC)


def row(number, value, qualifier="", limit=""):
    """Return a row of the series that a file has all of, one of 15 minutes."""
    at = f"{BEGIN + timedelta(minutes=15 * number):%Y-%m-%dT%H:%M:%S}Z"
    return f"CPM-01,bod,{at},{value},mg/L,{qualifier},{limit}"


def sparse(number, value):
    """Return a row of the series of which much more is stored than is sent again."""
    at = f"{BEGIN + timedelta(minutes=15 * number):%Y-%m-%dT%H:%M:%S}Z"
    return f"CPM-02,bod,{at},{value},mg/L,,"


def stored_first():
    yield from (row(n, n % 50 / 10) for n in range(ROWS))
    yield from (sparse(n, n % 50 / 10) for n in range(ROWS))
    yield from (row(ROWS + n, "", "<", "0.5") for n in range(10))
    yield from (row(ROWS + 10 + n, 5, "", "0.5") for n in range(10))


@pytest.fixture
def counted(upload):
    """Return a function: rows -> inserted, unchanged, corrected and rejected ones."""

    def send(rows, **query):
        receipt = upload(*rows, **query).json()
        receipt = receipt.get("receipt", receipt)
        return tuple(receipt[n] for n in ("inserted", "unchanged", "corrected", "rejected"))

    return send


def test_every_row_of_a_large_resend_is_told_right(counted, database_url):
    first = list(stored_first())
    second = [
        *(row(n, 7 if n % 100 == 0 else n % 50 / 10) for n in range(ROWS)),
        *(sparse(n, 8 if n % 1000 == 0 else n % 50 / 10) for n in range(0, ROWS, 100)),
        *(row(ROWS + n, "", "<", "0.4" if n < 3 else "0.5") for n in range(10)),
        # What stands beside a value makes it another one.
        *(row(ROWS + 10 + n, 5, "", "0.5" if n < 6 else "") for n in range(10)),
        row(ROWS + 20, 1),
    ]
    corrected = ROWS // 100 + ROWS // 1000 + 3 + 4

    assert counted(first) == (len(first), 0, 0, 0)
    assert counted(first) == (0, len(first), 0, 0)
    assert counted(second) == (1, len(second) - 1 - corrected, corrected, 0)
    assert counted(second) == (0, len(second), 0, 0)
    assert counted(first) == (0, len(first) - corrected, 0, corrected)
    assert counted(first, reinstate=True) == (0, len(first) - corrected, corrected, 0)
    engine = connect(database_url, timeout_s=60)
    assert differences(engine, ["CPM-01", "CPM-02"]) == []
    engine.dispose()


def test_rows_that_were_taken_back_are_not_unchanged(agent, upload, counted):
    rows = [row(n, n % 50 / 10) for n in range(ROWS)]
    first = upload(*rows).json()
    reason = {"reason": "By mistake."}
    assert agent.post(f"/v1/uploads/{first['id']}/retraction", json=reason).status_code == 201

    assert counted(rows) == (0, 0, 0, ROWS)
    assert counted(rows, reinstate=True) == (0, 0, ROWS, 0)
