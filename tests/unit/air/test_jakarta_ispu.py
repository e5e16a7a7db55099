"""The ISPU that Jakarta published, made again from the sub-indices in the same rows.

Every row that does not come out as published is of a kind that is named and counted.
"""

import csv
import math
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from kembar_air import standards
from kembar_air.indices import ispu
from kembar_air.standards.ispu import LAST_INDEX, POLLUTANTS

DATA = Path(__file__).parents[4] / "shared" / "data" / "air" / "jakarta-ispu"
COLUMNS = {
    "pm_duakomalima": "pm25",
    "pm10": "pm10", "pm_10": "pm10", "pm_sepuluh": "pm10",
    "so2": "so2", "sulfur_dioksida": "so2",
    "co": "co", "karbon_monoksida": "co",
    "o3": "o3", "ozon": "o3",
    "no2": "no2", "nitrogen_dioksida": "no2",
}  # fmt: skip
NAMES = {
    "PM25": "pm25", "PM2,5": "pm25", "PM10": "pm10", "SO2": "so2", "CO": "co", "O3": "o3",
    "NO2": "no2",
}  # fmt: skip
NO_DATA = "TIDAK ADA DATA"
NOTHING = frozenset({"", "-", "---"})


def last_indices(year):
    standard = "p14-2020" if year > 2020 else "kep-107-1997"
    return [
        factor.value
        for factor in standards.build().factors
        if (factor.standard, factor.quantity) == (standard, LAST_INDEX)
    ]


def number(text):
    return math.nan if text in NOTHING else float(text)


def published(year):
    found = [path for path in DATA.glob("*.csv") if str(year) in path.name]
    if not found:
        pytest.skip("../shared/data is absent")
    with found[0].open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def made_again(rows, year):
    """Return of each row our index, critical pollutant and category, as Jakarta writes them."""
    sub_indices = np.full((len(rows), len(POLLUTANTS)), np.nan)
    for place, row in enumerate(rows):
        for column, code in COLUMNS.items():
            if column in row:
                sub_indices[place, POLLUTANTS.index(code)] = number(row[column])
    index, critical = ispu.station_index(sub_indices)
    category = ispu.category(index, last_indices(year))
    words = [
        NO_DATA if place < 0 else ispu.CATEGORIES[place].replace("_", " ").upper()
        for place in category.tolist()
    ]
    codes = [POLLUTANTS[place] if place >= 0 else "" for place in critical.tolist()]
    return list(zip(index.tolist(), codes, words, sub_indices.tolist(), strict=True))


def kind(row, ours):
    """Say how a row differs from ours, by what its columns hold."""
    index, critical, category, sub_indices = ours
    said = number(row["max"])
    name = row.get("critical", row.get("parameter_pencemar_kritis"))
    word = row.get("categori", row.get("kategori"))
    code = NAMES.get(name, "")
    nothing = math.isnan(index) and (math.isnan(said) or said == 0)
    same_index = nothing or said == index
    same = same_index and word == category
    tied = bool(code) and sub_indices[POLLUTANTS.index(code)] == index
    no_pm25 = math.isnan(sub_indices[POLLUTANTS.index("pm25")])
    rotated = (NAMES.get(word), row.get("lokasi_spku")) == (critical, category)
    kinds = {
        "same": same and code == critical,
        "last three columns rotated": same_index and rotated,
        "digit as critical pollutant": same and name.isdigit(),
        "no critical pollutant": same and name in NOTHING,
        "another pollutant of a tie": same and tied,
        "below a sub-index given": said < index,
        "driven by PM2.5 that is not given": no_pm25 and code == "pm25",
        "above every sub-index given": no_pm25 and said > index,
        "other": True,
    }
    return next(each for each, holds in kinds.items() if holds)


KINDS = {
    2010: {"same": 1825},
    2012: {"same": 366},
    2014: {"same": 1825},
    2016: {"same": 1830},
    2018: {"same": 365},
    2020: {
        "same": 228,
        "driven by PM2.5 that is not given": 105,
        "last three columns rotated": 31,
        "below a sub-index given": 1,
        "above every sub-index given": 1,
    },
    2022: {"same": 364, "no critical pollutant": 1},
    2023: {
        "same": 1642,
        "digit as critical pollutant": 152,
        "above every sub-index given": 11,
        "driven by PM2.5 that is not given": 10,
        "below a sub-index given": 10,
    },
    2025: {"same": 1209, "no critical pollutant": 4, "another pollutant of a tie": 2},
}
# Rows with any sub-index, and in how many of them index, critical pollutant and category agree.
AGREEING = {
    2010: (523, 523, 523, 523),
    2012: (366, 366, 366, 366),
    2014: (1791, 1791, 1791, 1791),
    2016: (1793, 1793, 1793, 1793),
    2018: (365, 365, 365, 365),
    2020: (366, 262, 229, 300),
    2022: (365, 365, 364, 365),
    2023: (1804, 1773, 1629, 1787),
    2025: (1203, 1203, 1197, 1203),
}


@pytest.mark.parametrize("year", KINDS)
def test_every_row_comes_out_or_is_of_a_known_kind(year):
    rows = published(year)

    assert Counter(map(kind, rows, made_again(rows, year))) == KINDS[year]


@pytest.mark.parametrize("year", AGREEING)
def test_so_many_indices_pollutants_and_categories_agree(year):
    rows = published(year)
    agreeing = np.array(
        [
            (
                True,
                number(row["max"]) == index,
                NAMES.get(row.get("critical", row.get("parameter_pencemar_kritis"))) == code,
                row.get("categori", row.get("kategori")) == word,
            )
            for row, (index, code, word, _) in zip(rows, made_again(rows, year), strict=True)
            if not math.isnan(index)
        ]
    )

    assert tuple(agreeing.sum(axis=0).tolist()) == AGREEING[year]


def test_days_of_200_are_very_unhealthy_before_2020():
    rows = published(2012) + published(2014)
    of_200 = [row["categori"] for row in rows if number(row["max"]) == 200]

    assert of_200 == ["SANGAT TIDAK SEHAT"] * 4
