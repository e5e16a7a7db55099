import pytest
from hypothesis import given
from hypothesis import strategies as st

from kembar_shared.measurement.catalogue import fold
from kembar_water import catalogue, standards

CATALOGUE = catalogue.build()
EVERY_UNIT = [(p.code, c) for p in CATALOGUE.parameters for c in p.conversions]
FIELD_CODES = {"temp", "air_temp", "ec", "turbidity", "flow", "ecoli"}


def converted(code: str, unit: str, value: float) -> float:
    conversion = CATALOGUE.unit_spellings[code, fold(unit)]
    return value * conversion.times / conversion.over + conversion.plus


def test_every_parameter_of_the_annex_and_of_the_field_is_there():
    assert (
        set(CATALOGUE.by_code)
        == {limit.parameter for limit in standards.build().of("pp-22-2021-vi")} | FIELD_CODES
    )


def test_a_sample_stands_for_its_day_and_the_next_is_due_in_a_month():
    assert {(p.period, p.cadence) for p in CATALOGUE.parameters} == {("P1D", "P1M")}


@pytest.mark.parametrize("parameter", CATALOGUE.parameters, ids=lambda p: p.code)
def test_a_parameter_has_three_names_and_its_own_unit_first(parameter):
    assert set(parameter.names) == {"en", "id", "ja"}
    assert all(parameter.names.values())
    assert parameter.conversions[0].unit == parameter.unit
    assert parameter.conversions[0].shift == 0


@pytest.mark.parametrize(
    ("spelling", "code"),
    [
        ("BOD5", "bod"),
        ("Oksigen Terlarut", "do"),
        ("溶存酸素", "do"),
        ("DHL", "ec"),
        ("NO3-N", "no3_n"),
        ("Amoniak sebagai N", "nh3_n"),
        ("硝酸性窒素", "no3_n"),
        ("全りん", "tp"),
        ("浮遊物質量", "tss"),
        ("Fecal Coliform", "fcoli"),
        ("大腸菌群数", "tcoli"),
        ("大腸菌数", "ecoli"),
        ("Cr-VI", "cr6"),
        ("Minyak dan Lemak", "oil"),
        ("Suhu Air", "temp"),
    ],
)
def test_other_spellings_are_known(spelling, code):
    assert CATALOGUE.parameter_spellings[fold(spelling)] == code


@pytest.mark.parametrize(
    "spelling",
    ["nitrat", "nitrate", "NO3", "nitrit", "amonia", "fosfat", "PO4", "coliform", "CODMn"],
)
def test_a_spelling_that_leaves_a_question_open_is_not_understood(spelling):
    assert fold(spelling) not in CATALOGUE.parameter_spellings


@pytest.mark.parametrize(
    ("code", "unit", "value", "stored"),
    [
        ("hg", "µg/L", 0.3, 0.0003),
        ("hg", "ug/l", 0.3, 0.0003),
        ("pb", "ng/L", 250.0, 0.00025),
        ("ddt", "mg/L", 0.002, 2.0),
        ("temp", "degF", 32.0, 0.0),
        ("temp", "°F", 77.0, 25.0),
        ("temp_dev", "degF", 9.0, 5.0),
        ("ec", "mS/cm", 0.512, 512.0),
        ("ec", "mS/m", 51.2, 512.0),
        ("flow", "L/s", 1500.0, 1.5),
        ("fcoli", "MPN/100ml", 920.0, 920.0),
        ("no3_n", "mg/L as N", 10.0, 10.0),
        ("no3_n", "mg/L as NO3", 62.005, 14.007),
        ("no2_n", "mg/L as NO2", 46.006, 14.007),
        ("nh3_n", "mg/L as NH4", 18.039, 14.007),
        ("nh3_n", "mg/L as NH3", 17.031, 14.007),
        ("tp", "mg/L as PO4", 94.971, 30.974),
        ("ph", "pH", 7.1, 7.1),
    ],
)
def test_units_convert(code, unit, value, stored):
    assert converted(code, unit, value) == pytest.approx(stored, rel=1e-12, abs=1e-12)


@pytest.mark.parametrize(
    ("code", "unit"),
    [
        ("no3_n", "ppm"),
        ("bod", "ppm"),
        ("bod", "mg/L as N"),
        ("no3_n", "mg/L as NO2"),
        ("turbidity", "FNU"),
        ("ecoli", "MPN/100 mL"),
        ("fcoli", "CFU/100 mL"),
        ("ph", "mg/L"),
    ],
)
def test_a_unit_that_would_need_a_guess_is_not_understood(code, unit):
    assert (code, fold(unit)) not in CATALOGUE.unit_spellings


@given(st.sampled_from(EVERY_UNIT), st.floats(-1e6, 1e6))
def test_a_conversion_there_and_back_loses_nothing(unit, value):
    _, conversion = unit
    stored = value * conversion.times / conversion.over + conversion.plus

    back = (stored - conversion.plus) * conversion.over / conversion.times
    assert back == pytest.approx(value, rel=1e-9, abs=1e-6)


@pytest.mark.parametrize(
    ("code", "unit"),
    [
        ("bod", "MG L"),
        ("bod", "mg/l"),
        ("fcoli", "MPN 100 ML"),
        ("tcoli", "MPN/100 mL"),
        ("color", "PT-CO UNIT"),
        ("ph", "-"),
        ("ph", "pH units"),
        ("temp", "deg C"),
        ("temp", "°C"),
        ("ec", "µS/cm"),
        ("ec", "uS/cm"),
        ("ec", "umho/cm"),
        ("turbidity", "NTU"),
        ("flow", "m3/s"),
    ],
)
def test_a_spelling_of_the_stored_unit_changes_no_number(code, unit):
    assert CATALOGUE.unit_spellings[code, fold(unit)].shift == 0


def test_no_spelling_means_two_things():
    spellings = {(fold(s), p.code) for p in CATALOGUE.parameters for s in (p.code, *p.aliases)}
    units = {
        (p.code, fold(s), c)
        for p in CATALOGUE.parameters
        for c in p.conversions
        for s in (c.unit, *c.aliases)
    }

    assert len(CATALOGUE.parameter_spellings) == len(spellings)
    assert len(CATALOGUE.unit_spellings) == len(units)


def test_a_class_limit_is_a_possible_value():
    for limit in standards.build().of("pp-22-2021-vi"):
        fail = CATALOGUE.by_code[limit.parameter].fail
        for value in (limit.least, limit.most):
            if fail and value is not None:
                assert fail.low <= value
                assert fail.high is None or value <= fail.high
