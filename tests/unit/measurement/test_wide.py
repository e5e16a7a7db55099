"""Wide files: one column per parameter, whose unit stands in its name."""

from __future__ import annotations

import io
import json

import pytest

from kembar_shared.measurement import uploads

HEADER = "station,time,BOD5 [mg/L],ph (pH),note\n"


def refusal(text):
    with pytest.raises(uploads.FileRefused) as refused:
        list(
            uploads.read(io.BytesIO(text.encode()), "text/csv", uploads.Declaration(layout="wide"))
        )
    return refused.value


def test_each_filled_cell_is_a_row(check):
    text = HEADER + "A,2026-01-05T10:00:00Z,6.5,7,x\nA,2026-01-06T10:00:00Z,,7.5,\n"
    checked = check(text.encode(), layout="wide")

    assert checked.errors.is_empty()
    spelled = checked.identities.spelled(checked.good["key"].unique())
    good = checked.good.join(spelled, on="key").sort("line", "parameter")
    assert good.select("line", "parameter", "value").rows() == [
        (2, "bod", 6.5),
        (2, "ph", 7.0),
        (3, "ph", 7.5),
    ]
    notes = [extra and json.loads(extra)["note"] for extra in good["extra"]]
    assert notes == ["x", "x", None]
    assert checked.received == 3


def test_a_bad_cell_is_named_by_its_column_and_costs_no_other(check):
    text = HEADER + "A,2026-01-05T10:00:00Z,many,7,\n"
    checked = check(text.encode(), layout="wide")

    assert checked.errors.select("line", "column", "code").rows() == [
        (2, "BOD5 [mg/L]", "not-a-number")
    ]
    assert (checked.received, checked.rejected, checked.good.height) == (2, 1, 1)


def test_a_cell_that_all_values_share_is_named_once_and_refuses_all(check):
    checked = check((HEADER + "A,yesterday,6.5,7,\n").encode(), layout="wide")

    assert checked.errors.select("line", "column", "code").rows() == [
        (2, "time", "time-unreadable")
    ]
    assert (checked.received, checked.rejected) == (2, 2)
    assert checked.errors["raw"].to_list() == ["A,yesterday,6.5,7,"]


@pytest.mark.parametrize("name", ["bod", "bod []", "bod ()"])
def test_a_unit_is_not_guessed(check, name):
    text = f"station,time,{name}\nA,2026-01-05T10:00:00Z,6.5\n"
    checked = check(text.encode(), layout="wide")

    assert checked.errors.select("column", "code").rows() == [(name, "unit-missing")]


@pytest.mark.parametrize(
    ("header", "code"),
    [
        ("station,bod [mg/L]", "column-missing"),
        ("time,bod [mg/L]", "column-missing"),
        ("station,time,note", "column-missing"),
        ("station,time,value,unit", "unknown-column"),
        ("station,time,qualifier,bod [mg/L]", "unknown-column"),
        ("station,time,bod [mg/L],BOD (Mg/L)", "column-twice"),
        ("station,time,bod [mg/L],", "unknown-column"),
    ],
)
def test_a_header_that_cannot_be_meant(header, code):
    assert refusal(header + "\nA,B,C,D\n").code == code


def test_rows_are_counted_by_their_values():
    text = HEADER + "A,2026-01-05T10:00:00Z,6.5,7,x\n" * 3
    with pytest.raises(uploads.FileRefused) as refused:
        list(
            uploads.read(
                io.BytesIO(text.encode()), "text/csv", uploads.Declaration(layout="wide", rows=5)
            )
        )

    assert refused.value.code == "too-many-rows"


def test_chunks_of_values_stay_small():
    names = [f"p{i} [mg/L]" for i in range(60)]
    text = ",".join(["station", "time", *names]) + "\n" + ("A,T" + ",1" * 60 + "\n") * 5000
    declared = uploads.Declaration(layout="wide")
    tables = list(uploads.read(io.BytesIO(text.encode()), "text/csv", declared))

    assert sum(table.height for table in tables) == 300_000
    assert max(table.height for table in tables) <= uploads.CHUNK_ROWS
