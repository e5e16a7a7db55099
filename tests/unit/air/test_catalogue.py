import pytest
from hypothesis import given
from hypothesis import strategies as st

from kembar_air import catalogue
from kembar_shared.measurement.catalogue import fold

CATALOGUE = catalogue.build()
CODES = {"pm25", "pm10", "so2", "no2", "co", "o3", "hc", "spm", "ox", "tsp", "pb"}
EVERY_UNIT = [(p.code, c) for p in CATALOGUE.parameters for c in p.conversions]


def converted(code: str, unit: str, value: float) -> float:
    conversion = CATALOGUE.unit_spellings[code, fold(unit)]
    return value * conversion.times / conversion.over + conversion.plus


def test_every_code_of_the_contract_is_measured_hourly_in_micrograms():
    assert set(CATALOGUE.by_code) == CODES
    assert {p.unit for p in CATALOGUE.parameters} == {"µg/m³"}
    assert {p.period for p in CATALOGUE.parameters} == {"PT1H"}
    assert all(set(p.names) == {"en", "id", "ja"} for p in CATALOGUE.parameters)
    assert all(all(p.names.values()) for p in CATALOGUE.parameters)


@pytest.mark.parametrize("parameter", CATALOGUE.parameters, ids=lambda p: p.code)
def test_the_own_unit_comes_first_and_unchanged(parameter):
    assert parameter.conversions[0].unit == parameter.unit
    assert parameter.conversions[0].shift == 0


@pytest.mark.parametrize(
    ("spelling", "code"),
    [
        ("PM2.5", "pm25"),
        ("PM2,5", "pm25"),
        ("PM₂.₅", "pm25"),
        ("微小粒子状物質", "pm25"),
        ("Partikulat PM10", "pm10"),
        ("SO₂", "so2"),
        ("二酸化窒素", "no2"),
        ("Karbon Monoksida", "co"),
        ("ozon", "o3"),
        ("光化学オキシダント", "ox"),
        ("浮遊粒子状物質", "spm"),
        ("timbal", "pb"),
    ],
)
def test_other_spellings_are_known(spelling, code):
    assert CATALOGUE.parameter_spellings[fold(spelling)] == code


@pytest.mark.parametrize(
    ("code", "unit", "factor"),
    [
        ("so2", "ppb@25C", 2.619),
        ("no2", "ppb@25C", 1.880),
        ("o3", "ppb@25C", 1.962),
        ("co", "ppb@25C", 1.145),
        ("so2", "ppb@20C", 2.619),
        ("no2", "ppbv@0 °C", 1.880),
        ("o3", "ppm@20C", 1962.0),
        ("ox", "ppb@20°C", 1.962),
        ("co", "ppm@25C", 1145.0),
    ],
)
def test_mixing_ratios_convert_as_the_table_of_domain_rules_says(code, unit, factor):
    assert converted(code, unit, 1.0) == pytest.approx(factor, rel=5e-4)


def test_fifty_ppb_of_ozone_at_25_degrees():
    assert converted("o3", "ppb@25C", 50.0) == pytest.approx(98.1, abs=0.05)


@pytest.mark.parametrize("code", sorted(catalogue.MOLAR_MASS_G))
@pytest.mark.parametrize("unit", ["ppb", "ppm"])
def test_a_mixing_ratio_is_the_same_at_every_temperature(code, unit):
    assert len({converted(code, f"{unit}@{each}", 40.5) for each in ("25C", "20C", "0C")}) == 1


@pytest.mark.parametrize(
    ("unit", "stored"),
    [
        ("µg/m³", 24.465),
        ("µg/m³@25C", 24.465),
        ("ug/m3@20C", 24.055),
        ("µg/m³ @ 20 °C", 24.055),
        ("µg/m³@0C", 22.414),
        ("mg/m³@25°C", 24465.0),
        ("mg/m3@20C", 24055.0),
        ("mg/m³@0C", 22414.0),
    ],
)
@pytest.mark.parametrize("code", sorted(catalogue.GASES))
def test_a_mass_of_gas_at_any_temperature_is_stored_at_25_degrees(code, unit, stored):
    assert converted(code, unit, 24.465) == pytest.approx(stored, rel=1e-14)


def test_the_same_gas_is_the_same_by_mass_at_20_degrees_and_by_ratio():
    mass_at_20 = 40.5 * 64.066 / 24.055

    assert converted("so2", "µg/m³@20C", mass_at_20) == pytest.approx(
        converted("so2", "ppb@20C", 40.5), rel=1e-14
    )


@pytest.mark.parametrize("code", sorted(CODES - catalogue.GASES))
@pytest.mark.parametrize("unit", ["µg/m³@25C", "µg/m³@20C", "mg/m³@0C"])
def test_particles_have_no_temperature(code, unit):
    assert (code, fold(unit)) not in CATALOGUE.unit_spellings


@pytest.mark.parametrize("code", sorted(CODES))
@pytest.mark.parametrize("unit", ["ppb", "ppm", "ppbv", "µg/Nm3"])
def test_a_unit_without_its_temperature_is_not_understood(code, unit):
    assert (code, fold(unit)) not in CATALOGUE.unit_spellings


@pytest.mark.parametrize("code", ["pm25", "pm10", "hc", "spm", "tsp", "pb"])
def test_only_gases_of_one_substance_have_mixing_ratios(code):
    assert (code, fold("ppb@25C")) not in CATALOGUE.unit_spellings


@given(st.sampled_from(EVERY_UNIT), st.floats(-1e6, 1e6))
def test_a_conversion_there_and_back_loses_nothing(unit, value):
    _, conversion = unit
    stored = value * conversion.times / conversion.over + conversion.plus

    back = (stored - conversion.plus) * conversion.over / conversion.times
    assert back == pytest.approx(value, rel=1e-12, abs=1e-9)


def test_a_suspect_span_lies_within_the_possible_one():
    for parameter in CATALOGUE.parameters:
        if parameter.suspect:
            assert parameter.fail.low <= parameter.suspect.low
            assert parameter.suspect.high <= parameter.fail.high
