"""What the air service's parameters have to do with each other."""

from __future__ import annotations

import numpy as np

from kembar_air import catalogue


def test_fine_dust_is_not_more_than_all_dust_but_for_a_tenth_and_noise():
    (relation,) = catalogue.build().relations
    pm25 = np.array([109.9, 110.2, 5.0, 5.0, -4.0])
    pm10 = np.array([100.0, 100.0, 0.0, 0.1, -5.0])

    broken = relation.broken({"pm25": pm25, "pm10": pm10}, 0.0)

    assert broken.tolist() == [False, True, False, True, False]
    assert set(relation.parameters) <= set(catalogue.build().by_code)


def test_own_conventions_only_suspect():
    for parameter in catalogue.build().parameters:
        checks = parameter.checks
        failing = [each.fail for each in (checks.spike, checks.rate) if each is not None]

        assert not any(failing)
        assert checks.flat is None or checks.flat.fail_min is None
        assert (checks.source, checks.verified) == ("Own convention", False)
