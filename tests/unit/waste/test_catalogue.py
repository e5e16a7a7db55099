import pytest
from hypothesis import given
from hypothesis import strategies as st

from kembar_shared.measurement.catalogue import FACTOR_SIGNS, Conversion, fold
from kembar_waste import catalogue

CATALOGUE = catalogue.build()
MASSES = {p.code for p in CATALOGUE.parameters if p.unit == "kg"}
CONTRACT = {
    "generated",
    "sorted",
    "collected",
    "received",
    "recycled",
    "composted",
    "reused",
    "incinerated",
    "landfilled",
    "residual",
    "stock",
    "treated",
    "recycled_directly",
    "recovered_by_treatment",
    "group_collected",
}


def converted(code: str, unit: str, value: float) -> float:
    conversion = CATALOGUE.unit_spellings[code, fold(unit)]
    return value * conversion.times / conversion.over + conversion.plus


def test_every_code_of_the_contract_is_there():
    assert set(CATALOGUE.by_code) == CONTRACT | {"trips", "population"}
    assert MASSES == CONTRACT
    assert all(set(p.names) == {"en", "id", "ja"} for p in CATALOGUE.parameters)
    assert len(CATALOGUE.materials) == 12
    assert len(CATALOGUE.sources) == 10


@pytest.mark.parametrize("code", sorted(CONTRACT))
def test_masses_are_daily_and_in_kilograms(code):
    parameter = CATALOGUE.by_code[code]

    assert (parameter.unit, parameter.period) == ("kg", "P1D")
    assert converted(code, "t", 1.5) == 1500.0
    assert converted(code, "ton", 1.5) == 1500.0
    assert converted(code, "g", 250.0) == 0.25
    assert parameter.fail.low == 0.0


def test_trips_and_people_are_counted():
    assert CATALOGUE.by_code["trips"].unit == "1"
    assert converted("trips", "ritase", 170.0) == 170.0
    assert (CATALOGUE.by_code["population"].unit, CATALOGUE.by_code["population"].period) == (
        "persons",
        "P1Y",
    )


@pytest.mark.parametrize("unit", ["m3", "L", "trip", "Mg", "kg/day"])
def test_a_mass_is_not_guessed_from_a_volume_a_trip_or_a_rate(unit):
    assert CATALOGUE.conversion_of("generated", unit) is None


def test_only_what_is_converted_with_a_factor_is_written_with_its_sign():
    spelled = [each for p in CATALOGUE.parameters for each in p.spellings]

    assert CATALOGUE.has_factors
    plain = [spelling for spelling, unit in spelled if isinstance(unit, Conversion)]
    assert not [text for text in plain if any(sign in text for sign in FACTOR_SIGNS)]


@pytest.mark.parametrize(
    ("spelling", "code"),
    [
        ("Timbulan Sampah", "generated"),
        ("timbulan", "generated"),
        ("terpilah", "sorted"),
        ("Sampah masuk", "received"),
        ("埋立処分量", "landfilled"),
        ("ritase", "trips"),
        ("人口", "population"),
    ],
)
def test_other_spellings_are_known(spelling, code):
    assert CATALOGUE.parameter_spellings[fold(spelling)] == code


@given(st.sampled_from(catalogue.MASS_UNITS), st.floats(0, 1e9))
def test_a_conversion_there_and_back_loses_nothing(conversion, value):
    stored = value * conversion.times / conversion.over

    assert stored * conversion.over / conversion.times == pytest.approx(value, rel=1e-12)
