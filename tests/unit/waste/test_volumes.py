"""Masses sent as volumes: only with the density of the very waste."""

import io
import json
from datetime import UTC, datetime
from decimal import Decimal

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kembar_shared.chassis.messages import Messages
from kembar_shared.measurement import uploads
from kembar_waste import catalogue

CATALOGUE = catalogue.build()
NOW = datetime(2026, 6, 1, tzinfo=UTC)
STATIONS = pl.DataFrame(
    {"station_id": [1], "station": ["TPS-01"], "timezone": ["Asia/Jakarta"], "is_own": [True]}
)

densities = st.decimals(1, 3000, places=3) | st.decimals(1, 3000, places=1) | st.integers(1, 3000)
# Their products with a density have no more digits than the 15 that are kept.
amounts = st.decimals(0, 999_999, places=2) | st.decimals("0.0001", 1, places=4)


def check(content, media_type="text/csv", **declared):
    declaration = uploads.Declaration(**declared)
    spool = io.BytesIO(content)
    return uploads.check(
        uploads.read(spool, media_type, declaration), CATALOGUE, STATIONS, declaration, now=NOW,
        raws=lambda lines: uploads.raws(spool, media_type, declaration, lines),
    )  # fmt: skip


def csv(*measured, parameter="collected"):
    lines = [
        f"TPS-01,{parameter},2026-01-{day:02}T00:00:00+07:00,{value},{unit}"
        for day, (value, unit) in enumerate(measured, 1)
    ]
    return "\n".join(["station,parameter,time,value,unit", *lines]).encode()


def masses(*measured, **options):
    checked = check(csv(*measured, **options))
    assert checked.errors.is_empty()
    return checked.good["value"].to_list()


def test_a_volume_is_its_density_times_as_heavy():
    assert masses(("10", "m3@326"), ("2.5", "m³@250.5"), ("3000", "L@250"), ("7", "kg")) == [
        3260.0, 626.25, 750.0, 7.0,
    ]  # fmt: skip


@pytest.mark.parametrize("code", ["collected", "stock", "residual"])
def test_every_mass_may_be_a_volume(code):
    assert masses(("1", "m3@326"), parameter=code) == [326.0]


@pytest.mark.parametrize("code", ["trips", "population"])
def test_a_count_is_no_volume(code):
    assert check(csv(("1", "m3@326"), parameter=code)).errors["code"].to_list() == ["unknown-unit"]


def test_what_was_sent_is_kept_with_its_density():
    (sent,) = check(csv(("2.50", "m3@326.125"))).good["sent"]

    assert sent.split(uploads.SENT_MARK) == ["2.50", "m3@326.125"]


def test_a_limit_of_detection_is_converted_too():
    (kept,) = check(csv(("<0.5", "m3@326"))).good.iter_rows(named=True)

    assert (kept["value"], kept["qualifier"], kept["limit_value"]) == (None, "<", 163.0)


@pytest.mark.parametrize("unit", ["m3@1", "m3@3000", "m3@1.000", "m3 @ 326", "M3@0250", "㎥@326",
                                  "m3＠326", "liter@250", "リットル@250"])  # noqa: RUF001  # fmt: skip
def test_a_density_may_be_written_in_these_ways(unit):
    assert CATALOGUE.conversion_of("collected", unit) is not None


@pytest.mark.parametrize(("unit", "example"), [("m3", "m3@250"), ("L", "L@250"), ("m3@", "m3@250")])
def test_a_volume_without_density_is_refused(unit, example):
    checked = check(csv(("5", unit), ("5", "t")))

    (error,) = checked.errors.iter_rows(named=True)
    assert (error["line"], error["column"], error["code"]) == (2, "unit", "density-missing")
    assert error["expected"] == example
    assert checked.good["value"].to_list() == [5000.0]


@pytest.mark.parametrize(
    "unit",
    ["m3@0.999", "m3@3000.001", "m3@0", "m3@-250", "m3@250.0001", "m3@326kg/m3", "m3@10³", "m3@1e3",
     "m3@250@1", "m3@.5", "m3@250.", "L@nan", "m3@２５０", "m3@٢٥٠", "m3@" + "9" * 4000],  # noqa: RUF001
)  # fmt: skip
def test_a_density_that_is_none_is_refused(unit):
    assert check(csv(("5", unit))).errors["code"].to_list() == ["density-unfit"]


def test_the_refusals_can_be_said_in_every_language():
    messages = Messages.of("kembar_shared.measurement")

    for code in ("density-missing", "density-unfit"):
        for language in ("en", "id", "ja"):
            said = messages.say(f"row.{code}.fix", language, expected="m3@250", value="m3")
            assert "m3@250" in said
            assert "kg/m³" in said


def test_other_units_are_told_how_volumes_are_written():
    (error,) = check(csv(("5", "furlong"))).errors.iter_rows(named=True)

    assert error["expected"] == "kg, t, g, m3@<kg/m3>, L@<kg/m3>"


def test_a_wide_file_says_the_density_in_its_heading():
    head = "station,time,collected [m3@326],collected [t],received [m3],trips [rit]"
    checked = check(f"{head}\nTPS-01,2026-01-05T00:00:00+07:00,10,,4,3\n".encode(), layout="wide")

    assert sorted(checked.good["value"]) == [3.0, 3260.0]
    assert checked.errors.select("column", "code").rows() == [("received [m3]", "density-missing")]


def test_json_says_it_as_files_do():
    row = {"station": "TPS-01", "parameter": "collected", "time": "2026-01-05T00:00:00+07:00"}
    sent = json.dumps({"measurements": [row | {"value": 10, "unit": "m3@326"}]})

    assert check(sent.encode(), "application/json").good["value"].to_list() == [3260.0]


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(amounts, densities), min_size=1, max_size=28))
def test_a_volume_is_converted_as_decimals_are_multiplied(measured):
    for name, per_m3 in (("m3", 1), ("L", 1000)):
        found = masses(*((f"{v:f}", f"{name}@{d}") for v, d in measured))

        assert found == [float(Decimal(v) * Decimal(d) / per_m3) for v, d in measured]
