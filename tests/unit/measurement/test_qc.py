import polars as pl
import pytest

from kembar_shared.measurement import qc
from kembar_shared.measurement.catalogue import Catalogue, Conversion, Parameter, Span
from kembar_shared.measurement.vocabulary import Flag

NAMES = {"en": "x", "id": "x", "ja": "x"}
PH = (Conversion("pH"),)
CATALOGUE = Catalogue(
    "water",
    (
        Parameter("ph", NAMES, "pH", PH, "P1D", fail=Span(0.0, 14.0), suspect=Span(3.0, 11.0)),
        Parameter("low", NAMES, "pH", PH, "P1D", fail=Span(0.0)),
        Parameter("bare", NAMES, "pH", PH, "P1D"),
    ),
)


@pytest.mark.parametrize(
    ("parameter", "value", "flag"),
    [
        ("ph", 7.0, Flag.GOOD),
        ("ph", 3.0, Flag.GOOD),
        ("ph", 11.0, Flag.GOOD),
        ("ph", 2.9, Flag.SUSPECT),
        ("ph", 11.1, Flag.SUSPECT),
        ("ph", 0.0, Flag.SUSPECT),
        ("ph", 14.0, Flag.SUSPECT),
        ("ph", -0.1, Flag.FAIL),
        ("ph", 14.1, Flag.FAIL),
        ("ph", None, Flag.NOT_EVALUATED),
        ("low", -1.0, Flag.FAIL),
        ("low", 1e99, Flag.GOOD),
        ("bare", 1e99, Flag.NOT_EVALUATED),
    ],
)
def test_bounds_are_inside(parameter, value, flag):
    frame = pl.DataFrame(
        {"parameter": [parameter], "value": [value]},
        schema={"parameter": pl.String, "value": pl.Float64},
    )

    assert qc.gross_range(frame, CATALOGUE).to_list() == [flag]


def test_flags_keep_the_order_of_the_rows():
    frame = pl.DataFrame({"parameter": ["ph", "bare", "ph"], "value": [20.0, 1.0, 7.0]})

    assert qc.gross_range(frame, CATALOGUE).to_list() == [Flag.FAIL, Flag.NOT_EVALUATED, Flag.GOOD]
