import polars as pl

from kembar_shared.measurement.indicators import (
    DAYS_SCHEMA,
    HOURS_SCHEMA,
    INDEX_SCHEMA,
    VERDICT_SCHEMA,
)
from kembar_shared.measurement.vocabulary import Grain
from kembar_water.app import domain_of
from kembar_water.settings import WaterSettings


def test_the_settings_reach_the_index():
    settings = WaterSettings(do_saturation_mg_l=8.0, pollution_index_least_parameters=6)

    water = domain_of(settings)
    assert water.service == water.catalogue.service == "water"
    river = water.indices.__self__
    assert (river.fixed_saturation_mg_l, river.least_parameters) == (8.0, 6)
    assert "least_parameters=6" in water.rules
    assert {"kepmen-lh-115-2003/storet@3", "permen-lhk-27-2021/ika@2"} <= set(water.rules.split())
    days, hours = pl.DataFrame(schema=DAYS_SCHEMA), pl.DataFrame(schema=HOURS_SCHEMA)
    assert water.figures(days) == []
    assert water.indices(days, hours).schema == INDEX_SCHEMA
    assert water.verdicts(days, INDEX_SCHEMA.to_frame()).schema == VERDICT_SCHEMA
    assert water.window is Grain.YEAR


def test_every_standard_is_listed():
    standards = {row["standard"] for row in domain_of(WaterSettings()).standards.rows()}

    assert {"pp-22-2021-vi", "jp-eqs-river", "sdg-6.3.2", "kepmen-lh-115-2003"} <= standards
