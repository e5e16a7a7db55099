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
    place = list(CATALOGUE.by_code).index(parameter)
    values = pl.Series([value], dtype=pl.Float64)

    assert qc.gross_range(pl.Series([place]), values, CATALOGUE).to_list() == [flag]


@pytest.mark.parametrize("value", [-0.1, 0.0, 2.9, 3.0, 7.0, 11.0, 11.1, 14.0, 14.1])
@pytest.mark.parametrize("place", [0, 1, 2])
def test_one_value_is_flagged_as_a_column_is(place, value):
    parameter = CATALOGUE.parameters[place]
    (flag,) = qc.gross_range(pl.Series([place]), pl.Series([value]), CATALOGUE).to_list()
    low, high = qc.good_range(parameter)

    assert qc.gross_range_of_one(parameter, value) == flag
    assert (low <= value <= high) is (flag == Flag.GOOD)


def test_flags_keep_the_order_of_the_rows():
    values = pl.Series([20.0, 1.0, 7.0])
    flags = qc.gross_range(pl.Series([0, 2, 0]), values, CATALOGUE)

    assert flags.to_list() == [Flag.FAIL, Flag.NOT_EVALUATED, Flag.GOOD]
