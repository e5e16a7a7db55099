import pytest

from kembar_air import catalogue, standards


@pytest.mark.parametrize("scale", standards.ISPU, ids=lambda s: s.parameter)
def test_breakpoints_rise_and_are_in_the_unit_of_the_catalogue(scale):
    assert list(scale.upper) == sorted(set(scale.upper))
    assert scale.unit == catalogue.build().by_code[scale.parameter].unit
    assert scale.averaging == "PT24H"


def test_minority_errors_of_public_copies_are_not_used():
    upper = {scale.parameter: scale.upper for scale in standards.ISPU}

    assert (upper["so2"][-1], upper["pm25"][-1], upper["no2"][1:3]) == (1200, 500, (200, 1130))


def test_only_what_was_seen_in_the_regulation_is_called_verified():
    assert [scale.parameter for scale in standards.ISPU if scale.verified] == ["pm25"]


def test_there_is_one_plain_row_per_pollutant_and_band():
    rows = list(standards.rows())

    assert len(rows) == 35
    assert rows[0]["most"] == 15.5
    assert rows[0]["valid_from"] == "2020-07-01"
    assert rows[0]["valid_to"] is None
