import polars as pl
import pytest

from kembar_air.app import domain
from kembar_air.indices.ispu import Reading
from kembar_air.settings import AirSettings
from kembar_shared.measurement.indicators import DAYS_SCHEMA, INDEX_SCHEMA, VERDICT_SCHEMA

AIR = domain(AirSettings(ispu_reading="anchored"))


def test_the_settings_reach_the_index():
    assert AIR.service == AIR.catalogue.service == "air"
    assert AIR.indices.__self__.reading is AIR.hours_index.__self__.reading is Reading.ANCHORED
    assert AIR.rules.split()[0] == "anchored"


def test_nothing_is_made_of_nothing():
    days = pl.DataFrame(schema=DAYS_SCHEMA)

    assert AIR.index_figures(days, pl.DataFrame(schema=INDEX_SCHEMA)) == []
    judged = AIR.verdicts(days, pl.DataFrame(schema=INDEX_SCHEMA))
    assert (judged.height, judged.schema) == (0, VERDICT_SCHEMA)


def test_everything_judges_by_the_same_rows():
    assert AIR.standards is AIR.verdicts.__self__.standards is AIR.indices.__self__.standards


@pytest.mark.parametrize("code", ["pm25", "pm10", "so2", "co", "o3", "no2", "hc", "spm", "ox"])
def test_the_hours_of_whatever_needs_them_are_asked_for(code):
    assert code in AIR.hourly


def test_no_hours_are_asked_for_in_vain():
    assert len(AIR.hourly) == 11
