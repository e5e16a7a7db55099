import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kembar_waste.indices import rates

MASS = st.floats(1e-3, 1e9)
BANDUNG = 462_912.0
CLOSE = {"abs": 0.00005}


def array(*values: float):
    return np.array(values, dtype=float)


def share(part: float, whole: float) -> float:
    return float(rates.share(array(part), array(whole))[0])


@pytest.mark.parametrize(
    ("part", "whole"), [(1, 0), (0, 0), (2, 1), (-1, 1), (math.nan, 1), (1, math.nan), (1, -1)]
)
def test_what_cannot_be_divided_has_no_share(part, whole):
    assert math.isnan(share(part, whole))


def test_nothing_and_everything_are_shares():
    assert (share(0, 5), share(5, 5)) == (0.0, 1.0)


@settings(deadline=None, max_examples=30)
@given(MASS, MASS, st.floats(1e-3, 1e3))
def test_the_unit_does_not_matter(one, other, factor):
    part, whole = sorted((one, other))

    assert share(part / factor, whole / factor) == pytest.approx(share(part, whole), nan_ok=True)


def test_kabupaten_bandung_manages_what_it_reports():
    generated = array(BANDUNG)

    reduction = rates.reduction_rate(
        generated, avoided=array(0), reused=array(50_000), recycled=array(121_554.5)
    )
    handling = rates.handling_rate(generated, processed=array(0), disposed=array(115_496.95))
    both = rates.managed(
        generated,
        reduced=array(171_554.5),
        processed=array(0),
        disposed=array(115_496.95),
        disposed_controlled=array(15_496.95),
    )
    assert reduction[0] == pytest.approx(0.3706, **CLOSE)
    assert handling[0] == pytest.approx(0.2495, **CLOSE)
    assert both.sipsn[0] == pytest.approx(0.6201, **CLOSE)
    assert both.rpjmn[0] == pytest.approx((171_554.5 + 15_496.95) / BANDUNG)
    assert both.unmanaged[0] == pytest.approx(BANDUNG - 287_051.45)


def test_more_than_all_is_managed_by_nobody():
    both = rates.managed(
        array(100, 100),
        reduced=array(60, 60),
        processed=array(0, 0),
        disposed=array(40, 41),
        disposed_controlled=array(math.nan, 0),
    )

    assert both.sipsn.tolist() == [1.0, pytest.approx(math.nan, nan_ok=True)]
    assert np.isnan(both.rpjmn[0])
    assert both.rpjmn[1] == 0.6
    assert both.unmanaged[0] == 0.0
    assert np.isnan(both.unmanaged[1])


def test_japan_recycled_a_fifth_in_fy2014():
    rate = rates.japan_recycling_rate(
        direct=array(208), recovered=array(455), group=array(250), treated=array(4184)
    )

    assert rate[0] == pytest.approx(0.2059, **CLOSE)


def test_citarum_s_printed_percentage_is_not_what_its_masses_say():
    rate = rates.handling_rate(array(6_636.06), processed=array(0), disposed=array(3_885.45))

    assert rate[0] == pytest.approx(0.5855, **CLOSE)


def test_the_shares_of_the_goals_and_ours():
    whole = array(200)

    assert rates.sdg_11_6_1(whole, controlled=array(50))[0] == 0.25
    assert rates.sdg_12_5_1(whole, recovered=array(50))[0] == 0.25
    assert rates.sdg_12_5_1(whole, recovered=array(50), exported=20, imported=10)[0] == 0.3
    assert rates.diversion_rate(whole, recycled=array(20), treated=array(30))[0] == 0.25
    assert rates.recovery_rate(whole, array(20), array(30), array(10))[0] == 0.3
