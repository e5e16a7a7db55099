import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kembar_waste.indices import balance

MASS = st.floats(0, 1e6)


def array(*values: float):
    return np.array(values, dtype=float)


@settings(deadline=None, max_examples=30)
@given(MASS, MASS, MASS, MASS, st.floats(-1e5, 1e5))
def test_a_balance_finds_the_leak_that_was_made(recycled, composted, residue, lost, stored):
    out = recycled + composted + residue
    came_in = out + lost + stored
    found = balance.mass_balance(array(came_in), array(out), array(stored))

    if came_in < 0:
        assert np.isnan(found.leak[0])
        return
    assert found.leak[0] == pytest.approx(lost, abs=1e-6)
    if came_in > 0:
        assert found.share[0] == pytest.approx(lost / came_in, rel=1e-6, abs=1e-6 / came_in)


def test_what_leaves_without_a_trace_is_all_lost():
    found = balance.mass_balance(array(10, 0, math.nan, 10), array(0, 0, 1, -1), array(0, 0, 0, 0))

    assert found.share[0] == 1.0
    assert found.leak[1] == 0.0
    assert np.isnan(found.share[1:]).all()
    assert np.isnan(found.leak[2:]).all()


@pytest.mark.parametrize(
    ("share", "name"),
    [
        (0.02, "balanced"),
        (0.0200001, "leak"),
        (-0.02, "balanced"),
        (-0.0200001, "surplus"),
        (math.nan, ""),
    ],
)
def test_a_balance_is_named_by_its_tolerance(share, name):
    assert balance.category(array(share), 0.02).tolist() == [name]
