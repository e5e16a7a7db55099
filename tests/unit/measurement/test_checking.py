"""What becomes of rows: every one is kept, a duplicate, or refused for a reason."""

import csv
import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kembar_shared.chassis.messages import Messages
from kembar_shared.measurement import uploads

NAMES = ("station", "parameter", "time", "value", "unit", "note", "period", "material")
CELLS = {
    "station": ["A", "A", "A", "B", "X", ""],
    "parameter": ["bod", "BOD5", "ph", "gold", ""],
    "time": ["2026-01-05T10:00:00Z", "2026-01-05T17:00:00+07:00", "2026-01-06", "x", ""],
    "value": ["1", "1", "2.5", "<0.1", "-", "1e400", "6,5", "20", ""],
    "unit": ["mg/L", "µg/L", "pH", "furlong", ""],
    "note": ["", "a", 'quo"te', "li\nne", "sep,;\t"],
    "period": ["", "P1D", "P1Y", "often"],
    "material": ["", "", "organic"],
}
ROWS = st.lists(
    st.tuples(*(st.sampled_from(CELLS[n]) | st.text(max_size=6) for n in NAMES)), max_size=30
)
LIKELY = st.lists(st.tuples(*(st.sampled_from(CELLS[n]) for n in NAMES)), max_size=30)


def adds_up(checked):
    kept = checked.good.height + checked.duplicates
    assert kept + checked.rejected == checked.received
    assert not set(checked.good["line"]) & set(checked.errors["line"])


@settings(max_examples=150, deadline=None)
@given(ROWS | LIKELY, st.sampled_from([",", ";", "\t"]), st.sampled_from(["\n", "\r\n"]))
def test_a_receipt_adds_up(check, rows, separator, end):
    out = io.StringIO()
    csv.writer(out, delimiter=separator, lineterminator=end).writerows([NAMES, *rows])

    try:
        adds_up(check(out.getvalue().encode("utf-8", "replace")))
    except uploads.FileRefused as refused:
        assert refused.code == "empty-file"  # noqa: PT017  no row, no receipt


@settings(max_examples=200, deadline=None)
@given(
    st.lists(
        st.sampled_from([b'"', b",", b"\n", b"\r", b"\x00", b"\xff", b"A,bod,", b"1", b";"]),
        max_size=60,
    )
)
def test_a_receipt_of_garbage_adds_up(check, pieces):
    for header in (b"station,parameter,time,value,unit\n", b""):
        try:
            adds_up(check(header + b"".join(pieces)))
        except uploads.FileRefused as refused:
            assert refused.code  # noqa: PT017  a refusal is as good as a receipt


def test_every_code_that_comes_out_can_be_said(check):
    rows = [
        dict(zip(NAMES, row, strict=True))
        for row in zip(*(CELLS[n][:3] for n in NAMES), strict=True)
    ]
    text = ",".join(NAMES) + "\n" + "".join(",".join(row.values()) + "\n" for row in rows)
    messages = Messages.of("kembar_shared.measurement")

    for code in check(text.encode()).errors["code"]:
        assert f"row.{code}.message" in messages


@pytest.mark.parametrize(
    ("cells", "column", "code"),
    [
        ({"station": ""}, "station", "station-missing"),
        ({"station": "a"}, "station", "unknown-station"),
        ({"station": "B"}, "station", "station-not-yours"),
        ({"parameter": ""}, "parameter", "parameter-missing"),
        ({"parameter": "gold"}, "parameter", "unknown-parameter"),
        ({"unit": ""}, "unit", "unit-missing"),
        ({"unit": "furlong"}, "unit", "unknown-unit"),
        ({"material": "organic"}, "material", "column-not-used"),
        ({"source": "market"}, "source", "column-not-used"),
        ({"period": "often"}, "period", "unknown-period"),
        ({"period": "P1Y6M"}, "period", "unknown-period"),
        ({"period": "P3M"}, "period", "unknown-period"),
        ({"period": "P14D"}, "period", "unknown-period"),
        ({"note": "x" * 5000}, "note", "cell-too-long"),
        ({"note": "x" * 300_000}, "note", "cell-too-long"),
    ],
)
def test_a_failing_cell_is_named(check_cells, cells, column, code):
    errors = check_cells(**cells).errors

    assert errors.select("line", "column", "code").rows() == [(2, column, code)]


def test_each_failing_cell_of_a_row_is_named_and_the_row_counted_once(check_cells):
    checked = check_cells(station="X", value="much", time="then")

    assert set(checked.errors["column"]) == {"station", "value", "time"}
    assert (checked.received, checked.rejected) == (1, 1)


def rows(check, *rows):
    header = "station,parameter,time,value,unit,note\n"
    return check((header + "".join(f"A,bod,{row}\n" for row in rows)).encode())


def test_the_same_instant_in_two_offsets_is_one_identity(check):
    checked = rows(
        check, "2026-01-05T10:00:00Z,1,mg/L,", "2026-01-05T17:00:00+07:00,2,mg/L,",
        "2026-01-05T11:00:00Z,3,mg/L,", "2026-01-05T18:00:00+07:00,3.0,mg/L,",
    )  # fmt: skip

    assert checked.errors["code"].to_list() == ["conflicting-rows"] * 2
    assert (checked.good.height, checked.duplicates) == (1, 1)


def test_another_note_is_another_content(check):
    checked = rows(check, "2026-01-05T10:00:00Z,1,mg/L,", "2026-01-05T10:00:00Z,1,mg/L,x")

    assert checked.errors["code"].to_list() == ["conflicting-rows"] * 2


def test_values_out_of_bounds_are_flagged_and_kept(check_cells):
    checked = check_cells(parameter="ph", unit="pH", value="20")

    assert checked.good["flag"].to_list() == [4]


@pytest.mark.parametrize(("period", "span"), [("", 1440), ("PT1H", 60), ("P1M", -1), ("P1Y", -12)])
def test_a_value_stands_for_the_period_sent(check_cells, period, span):
    assert check_cells(period=period).good["span"].to_list() == [span]
