import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kembar_water.indices import ranks


def percentile(values, percent):
    return float(ranks.percentile_by_rank(np.array([values]), percent)[0])


def test_the_75_percent_value_of_twelve_is_the_ninth():
    assert percentile([float(v) for v in range(12, 0, -1)], 75) == 9.0


@pytest.mark.parametrize(
    ("count", "percent", "rank"),
    [(1, 75, 1), (4, 75, 3), (5, 75, 4), (10, 90, 9), (70, 90, 63), (11, 90, 10), (35, 80, 28)],
)
def test_a_share_of_a_value_counts_as_one(count, percent, rank):
    assert percentile([float(v + 1) for v in range(count)], percent) == rank


@given(
    st.lists(st.floats(0, 100), min_size=1, max_size=20),
    st.sampled_from([50, 75, 80, 90, 100]),
    st.integers(0, 3),
)
@settings(max_examples=40)
def test_it_is_the_least_value_that_the_share_does_not_exceed(values, percent, gaps):
    found = percentile([*values, *[math.nan] * gaps], percent)

    enough = [v for v in values if sum(w <= v for w in values) * 100 >= percent * len(values)]
    assert found == min(enough)


def test_each_row_has_its_own_percent_and_none_without_values():
    values = np.array([[1.0, 2.0, 3.0, 4.0], [1.0, 2.0, 3.0, 4.0], [np.nan] * 4])

    found = ranks.percentile_by_rank(values, np.array([75, 50, 50]))
    assert found[:2].tolist() == [3.0, 2.0]
    assert math.isnan(found[2])
