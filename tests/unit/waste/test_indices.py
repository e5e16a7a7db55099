import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kembar_waste import indices

MASS = st.floats(1e-3, 1e9)


def share(part: float, whole: float) -> float:
    return float(indices.share(np.array([part]), np.array([whole]))[0])


@pytest.mark.parametrize(
    ("part", "whole", "percent"),
    [
        (171_554.5, 462_912.0, 37.06),  # Kabupaten Bandung, reduction
        (115_496.95, 462_912.0, 24.95),  # and handling
        (171_554.5 + 115_496.95, 462_912.0, 62.01),  # managed
        (208 + 455 + 250, 4184 + 250, 20.59),  # Japan, recycling rate of FY2014, 10,000 t
        (3_885.45, 6_636.06, 58.55),  # Citarum 2023, handled
    ],
)
def test_published_shares(part, whole, percent):
    assert share(part, whole) * 100 == pytest.approx(percent, abs=0.005)


@pytest.mark.parametrize(
    ("part", "whole"), [(1, 0), (0, 0), (2, 1), (-1, 1), (math.nan, 1), (1, math.nan), (1, -1)]
)
def test_what_cannot_be_divided_has_no_share(part, whole):
    assert math.isnan(share(part, whole))


def test_nothing_and_everything_are_shares():
    assert (share(0, 5), share(5, 5)) == (0.0, 1.0)


@given(MASS, MASS, st.floats(1e-3, 1e3))
def test_the_unit_does_not_matter(one, other, factor):
    part, whole = sorted((one, other))

    assert share(part / factor, whole / factor) == pytest.approx(share(part, whole), nan_ok=True)


def test_tonnes_keep_the_digits_that_were_sent():
    assert indices.tonnes(np.array([896_198_580.0])).tolist() == [896_198.58]
