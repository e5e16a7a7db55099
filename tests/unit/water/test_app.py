import polars as pl

from kembar_shared.measurement.indicators import DAYS_SCHEMA
from kembar_water.app import domain_of
from kembar_water.settings import WaterSettings


def test_the_settings_reach_the_index():
    settings = WaterSettings(do_saturation_mg_l=8.0, pollution_index_least_parameters=6)

    water = domain_of(settings)
    assert water.service == water.catalogue.service == "water"
    index = water.indices.__self__
    assert (index.fixed_saturation_mg_l, index.least_parameters) == (8.0, 6)
    assert water.figures(pl.DataFrame(schema=DAYS_SCHEMA)) == []
    assert {row["standard"] for row in water.standards} == {"pp-22-2021-vi"}
