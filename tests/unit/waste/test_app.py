import polars as pl

from kembar_shared.measurement.indicators import DAYS_SCHEMA
from kembar_waste.app import domain


def test_the_service_is_its_catalogue_and_its_figures():
    waste = domain()

    assert waste.service == waste.catalogue.service == "waste"
    assert waste.figures(pl.DataFrame(schema=DAYS_SCHEMA)) == []
    assert list(waste.standards) == []
