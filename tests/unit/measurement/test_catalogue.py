import pytest

# ruff: noqa: RUF001  fixtures by name, cells to the letter
from kembar_shared.measurement.catalogue import Catalogue, Conversion, Parameter, fold

NAMES = {"en": "x", "id": "x", "ja": "x"}


def catalogue(*conversions, aliases=()):
    parameter = Parameter("bod", NAMES, conversions[0].unit, conversions, "P1D", aliases=aliases)
    return Catalogue("water", (parameter,))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("µg/m³", "μg / M3"),
        ("㎍/L", "μg/l"),
        ("Mg/l", "mg/L"),
        ("ＢＯＤ", "bod"),
        (" bod\t", "BOD"),
    ],
)
def test_harmless_differences_of_spelling_fold(one, other):
    assert fold(one) == fold(other)


def test_a_unit_is_found_by_any_of_its_spellings():
    units = catalogue(Conversion("mg/L", ("g/m3",)), Conversion("µg/L", ("ug/L",), over=1000.0))

    assert units.conversion_of("bod", "G / m³").shift == 0
    assert units.conversion_of("bod", "㎍/L").over == 1000.0
    assert units.conversion_of("bod", "lb/gal") is None
    assert units.conversion_of("gold", "mg/L") is None


def test_a_spelling_that_would_mean_two_things_is_refused():
    both = catalogue(Conversion("mg/L"), Conversion("µg/L", ("MG/L",), over=1000.0))

    with pytest.raises(ValueError, match="means both"):
        both.conversion_of("bod", "mg/L")


def test_a_parameter_is_found_by_its_aliases():
    named = catalogue(Conversion("mg/L"), aliases=("BOD5", "生物化学的酸素要求量"))

    assert named.parameter_of("bod5") == "bod"
    assert named.parameter_of("生物化学的酸素要求量") == "bod"
    assert named.parameter_of("cod") is None
