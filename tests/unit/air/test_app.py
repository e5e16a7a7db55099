import polars as pl

from kembar_air.app import domain
from kembar_air.indices import Reading
from kembar_air.settings import AirSettings
from kembar_shared.measurement.indicators import DAYS_SCHEMA


def test_the_settings_reach_the_index():
    air = domain(AirSettings(ispu_reading="anchored"))

    assert air.service == air.catalogue.service == "air"
    assert air.indices.__self__.reading is Reading.ANCHORED
    assert air.figures(pl.DataFrame(schema=DAYS_SCHEMA)) == []
    assert len(air.standards) == 35
