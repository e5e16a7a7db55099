"""The Pollution Index as the Jakarta agency published it, recomputed from the same lines."""

import csv
from datetime import date, timedelta
from pathlib import Path

import polars as pl
import pytest

from kembar_shared.measurement.catalogue import fold
from kembar_shared.measurement.indicators import DAYS_SCHEMA
from kembar_water import catalogue
from kembar_water.indicators import PollutionIndex

DATA = Path(__file__).parents[4] / "shared" / "data" / "water" / "jakarta-river"
LINES = DATA / "sungai2022-periode-1-dan-3.csv"
CATALOGUE = catalogue.build()
MARCH = date(2022, 3, 1)
# What the agency means by names that leave open whether the mass is that of N or of the ion: its
# limits are those of the annex, as N.
DECLARED = {"AMONIAK": "nh3_n", "NITRAT NO3": "no3_n", "NITRIT": "no2_n"}


@pytest.fixture(scope="module")
def published():
    if not LINES.exists():
        pytest.skip("../shared/data is absent")
    with LINES.open(encoding="utf-8-sig", newline="") as file:
        return [line for line in csv.DictReader(file, delimiter=";") if line["periode"] == "1"]


def amount(text):
    return float(text.replace(",", "."))


def test_the_agency_s_spellings_are_known(published):
    lines = [line for line in published if line["parameter"] not in {"-", *DECLARED}]

    assert len({line["parameter"] for line in lines}) == 27
    for line in lines:
        code = CATALOGUE.parameter_spellings[fold(line["parameter"])]
        assert CATALOGUE.unit_spellings[code, fold(line["satuan"])].shift == 0


def test_the_published_index_is_found_again(published):
    rows, expected = [], {}
    for line in published:
        station, parameter, text = (
            line["titik_sampel"],
            line["parameter"],
            line["hasil_pengukuran"],
        )
        if line["jenis_parameter"] == "NILAI IP":
            expected[station] = amount(text)
        if parameter == "-" or text == "-":
            continue
        code = DECLARED.get(parameter) or CATALOGUE.parameter_spellings[fold(parameter)]
        rows.append(
            {
                "station": station,
                "jurisdiction": "jakarta",
                "origin": "real",
                "parameter": code,
                "grain": "day",
                "period": MARCH,
                "following": MARCH + timedelta(days=1),
                "n": 1,
                "expected": 1.0,
                "covered": 1.0,
                "sum": amount(text),
                "n_below": 0,
                "n_above": 0,
            }
        )
    days = pl.DataFrame(rows, schema=DAYS_SCHEMA)

    found = PollutionIndex(fixed_saturation_mg_l=7.5).indices(days)
    ours = dict(found.select("station", "value").rows())
    far = [station for station, index in expected.items() if abs(ours[station] - index) > 0.006]
    assert len(expected) > 110
    assert len(far) <= 1, {station: (ours[station], expected[station]) for station in far}
