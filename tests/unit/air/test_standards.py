from datetime import date

import pytest

from kembar_air import catalogue, standards
from kembar_air.app import domain
from kembar_air.settings import AirSettings

ROWS = standards.build()
PARAMETERS = catalogue.build().by_code


def most(standard, parameter, averaging, evaluation, grade=""):
    found = [
        limit.most
        for limit in ROWS.of(standard)
        if (limit.parameter, limit.averaging, limit.evaluation, limit.grade)
        == (parameter, averaging, evaluation, grade)
    ]
    assert len(found) == 1
    return found[0]


def test_each_row_is_there_once_and_of_a_parameter_that_is_measured():
    keys = [(limit.key, limit.valid_from) for limit in ROWS.limits]

    assert len(set(keys)) == len(keys)
    assert {limit.parameter for limit in ROWS.limits} <= set(PARAMETERS)
    assert all(limit.source for limit in ROWS.limits)


def test_the_index_of_2020_has_five_breakpoints_for_each_of_seven_pollutants():
    rows = ROWS.of("p14-2020")

    assert len(rows) == 35
    assert {row.evaluation for row in rows} == {"breakpoint"}
    assert {row.averaging for row in rows} == {"PT24H"}
    for code in {row.parameter for row in rows}:
        amounts = [row.most for row in rows if row.parameter == code]
        assert amounts == sorted(set(amounts))
        assert {row.unit for row in rows} == {PARAMETERS[code].unit}


def test_minority_errors_of_public_copies_are_not_used():
    upper = {}
    for row in ROWS.of("p14-2020"):
        upper.setdefault(row.parameter, []).append(row.most)

    assert (upper["so2"][-1], upper["pm25"][-1], upper["no2"][1:3]) == (1200, 500, [200, 1130])
    assert most("who-2021", "so2", "PT24H", "p99", "AQG") == 40
    assert most("who-2021", "co", "PT24H", "p99", "AQG") == 4


def test_what_nobody_saw_is_not_called_verified():
    verified = {(row.parameter, row.index) for row in ROWS.of("p14-2020") if row.verified}

    assert verified == {("pm25", 50.0), ("pm25", 100.0), ("pm25", 200.0), ("pm25", 300.0)}
    assert not any(row.verified for row in ROWS.of("kep-107-1997"))
    seen = {(row.parameter, row.averaging) for row in ROWS.of("pp-22-2021-vii") if row.verified}
    assert seen == {
        ("so2", "PT24H"), ("no2", "PT24H"), ("pm10", "PT24H"), ("pm25", "PT24H"),
        ("pm25", "P1Y"), ("o3", "PT1H"), ("o3", "PT8H"), ("o3", "P1Y"),
    }  # fmt: skip


def test_of_japans_rules_of_sufficiency_one_was_seen():
    rows = {row.key: row for row in ROWS.factors if row.standard == "jp-eqs-air"}

    seen = [key for key, row in rows.items() if row.verified]
    assert seen == [("jp-eqs-air", "year", "least_hours")]
    assert "env.go.jp/" in rows[seen[0]].source


def test_the_old_index_ends_where_the_new_one_begins():
    assert {row.valid_to for row in ROWS.of("kep-107-1997")} == {date(2020, 7, 1)}
    assert {row.valid_from for row in ROWS.of("p14-2020")} == {date(2020, 7, 1)}
    assert len(ROWS.of("kep-107-1997")) == 28


def test_indonesia_has_no_24_hour_standard_for_ozone():
    ozone = {row.averaging for row in ROWS.of("pp-22-2021-vii") if row.parameter == "o3"}

    assert ozone == {"PT1H", "PT8H", "P1Y"}


def test_japans_standards_are_for_spm_and_not_for_pm10():
    judged = {row.parameter for row in ROWS.of("jp-eqs-air")}

    assert judged == {"so2", "co", "spm", "no2", "pm25", "ox"}
    assert most("jp-eqs-air", "spm", "PT24H", "exclusion_2") == 0.1
    ppm = [row for row in ROWS.of("jp-eqs-air") if row.unit == "ppm"]
    assert {row.ref_temperature_c for row in ppm} == {None}


def test_the_new_rows_for_oxidants_wait_for_their_date():
    waiting = [
        (row.parameter, row.averaging, row.most)
        for row in ROWS.of("jp-eqs-air")
        if row.valid_from is None
    ]

    assert waiting == [("ox", "PT8H", 0.07), ("ox", "P1Y", 0.04)]


@pytest.mark.parametrize(
    ("parameter", "averaging", "evaluation", "levels"),
    [
        ("pm25", "P1Y", "mean", [35, 25, 15, 10, 5]),
        ("pm25", "PT24H", "p99", [75, 50, 37.5, 25, 15]),
        ("pm10", "PT24H", "p99", [150, 100, 75, 50, 45]),
        ("o3", "P6M", "season", [100, 70, 60]),
        ("no2", "P1Y", "mean", [40, 30, 20, 10]),
    ],
)
def test_interim_targets_come_down_to_the_guideline_level(parameter, averaging, evaluation, levels):
    rows = [
        row
        for row in ROWS.of("who-2021")
        if (row.parameter, row.averaging, row.evaluation) == (parameter, averaging, evaluation)
    ]

    assert [row.most for row in rows] == levels
    assert rows[-1].grade == "AQG"


def test_the_domain_answers_them():
    assert domain(AirSettings()).standards.digest == ROWS.digest
