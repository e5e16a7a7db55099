"""Every code that a judgement answers has words in three languages."""

import re
from pathlib import Path

import pytest

from kembar_air import catalogue as air
from kembar_air import verdicts as air_verdicts
from kembar_air.indices import ispu
from kembar_shared.chassis.messages import LANGUAGES, Messages
from kembar_shared.measurement.routes.words import worded
from kembar_shared.measurement.vocabulary import State
from kembar_waste import verdicts as waste_verdicts
from kembar_water import catalogue as water
from kembar_water import verdicts as water_verdicts
from kembar_water.indicators import comparisons
from kembar_water.indices import oxygen, pollution
from kembar_water.standards.japan import GRADES

MESSAGES = Messages.of("kembar_shared.measurement")
AIR_REASON = re.compile(r'(?:reason|few)\[.*\] = "([a-z_]+)"')
WASTE_REASON = re.compile(r'INSUFFICIENT, "([a-z_]+)"')
WATER_REASONS = (
    water_verdicts.UNDER_75_PERCENT,
    water_verdicts.UNDER_TWO_DATES,
    water_verdicts.COARSER,
    water_verdicts.UNDECIDED,
    comparisons.DETECTION_LIMIT,
    comparisons.BELOW_METHOD,
    comparisons.ABOVE_METHOD,
)


def reasons():
    folder = Path(air_verdicts.__file__).parent
    of_air = {code for path in folder.glob("*.py") for code in AIR_REASON.findall(path.read_text())}
    of_waste = set(WASTE_REASON.findall(Path(waste_verdicts.__file__).read_text()))
    assert {"too_few_days", "detection_limit"} <= of_air
    assert {"not_reported", "too_few_values"} == of_waste
    return sorted({*of_air, *of_waste, *WATER_REASONS})


def relations():
    rules = (*air.RELATIONS, *water.RELATIONS)
    of_oxygen = water.oxygen_above_saturation(oxygen.dissolved_oxygen_saturation)
    return [rule.code for rule in (*rules, of_oxygen)]


CODES = {
    "state": [state.value for state in State],
    "verdict": ["met", "not_met"],
    "category": [*ispu.CATEGORIES, *pollution.CATEGORIES, *GRADES, "worse_than_E"],
    "reason": reasons(),
    "test": ["gross_range", "spike", "rate_of_change", "flat_line", "climatology", *relations()],
}


@pytest.mark.parametrize(("kind", "codes"), CODES.items(), ids=CODES)
def test_every_code_has_words_in_each_language(kind, codes):
    for code in codes:
        assert set(MESSAGES.texts[f"word.{kind}.{code}"]) == set(LANGUAGES), code


def test_words_stand_beside_the_codes_and_only_where_there_is_one():
    verdict = {"verdict": None, "state": "insufficient", "reason": "too_few_days", "value": None}

    said = worded(verdict, MESSAGES, "id")
    assert said == verdict | {
        "words": {"state": "data tidak mencukupi", "reason": "hari sah terlalu sedikit"}
    }
