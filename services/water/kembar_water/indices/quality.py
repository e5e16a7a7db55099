"""Indonesia's water quality index (IKA) and the environmental index it is part of (IKLH)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]
    Integers = npt.NDArray[np.int64]

IKA: Final = "permen-lhk-27-2021/ika@2"
IKA_HISTORIC: Final = "permen-lhk-p4-2018/ika@2"
IKLH_CITY: Final = "permen-lhk-27-2021/iklh-city@2"

IKLH_CATEGORIES: Final = ("sangat_kurang", "kurang", "sedang", "baik", "sangat_baik")


def ika_points(category: Integers, weights: Floats) -> Floats:
    """Give each sample the weight of its Pollution Index's category; IKA is their mean.

    Args:
        category: Shape (n,), positions in `pollution.CATEGORIES`; -1: no index.
        weights: Shape (4,) or (n, 4): 70, 50, 30, 10.

    Returns:
        Shape (n,); NaN without an index.

    Source:
        Permen LHK 27/2021, IKA; one sample is one point on one date, judged by class II.
    """
    return _picked(category, weights)


def historic_ika_points(index: Floats, edges: Floats, points: Floats) -> Floats:
    """Give each sample the score of its Pollution Index; the historic IKA is their mean.

    Args:
        index: Shape (n,), 0 or more, against class I; NaN: none.
        edges: Shape (4,) or (n, 4), rising, each the last index of its score: 1, 4.67, 6.32, 6.88.
        points: Shape (5,) or (n, 5): 100, 80, 60, 40, 20.

    Returns:
        Shape (n,); NaN without an index.

    Source:
        Permen LHK P.4/2018.
    """
    position = (index[:, np.newaxis] > edges).sum(axis=1)
    return _picked(np.where(np.isnan(index), -1, position), points)


def iklh_city(ika: Floats, iku: Floats, ikl: Floats, weights: Floats) -> Floats:
    """Compose a city's environmental quality index.

    Args:
        ika: Any shape, water quality index, 10 to 70.
        iku: Same shape, air quality index.
        ikl: Same shape, land quality index.
        weights: Shape (3,), of the three in that order: 0.376, 0.405, 0.219.

    Returns:
        Same shape; NaN where one of the three is missing: what is left is no smaller index.

    Source:
        Permen LHK 27/2021.
    """
    index: Floats = weights[0] * ika + weights[1] * iku + weights[2] * ikl
    return index


def iklh_category(index: Floats, edges: Floats) -> Integers:
    """Classify IKLH values.

    Args:
        index: Shape (n,), 0 to 100.
        edges: Shape (4,), rising: 25, 50, 70, 90; an edge belongs to the better category (own
            convention).

    Returns:
        Shape (n,), positions in `IKLH_CATEGORIES`; -1 where the index is NaN.

    Source:
        Permen LHK 27/2021.
    """
    position = (index[:, np.newaxis] >= edges).sum(axis=1)
    return np.where(np.isnan(index), -1, position).astype(np.int64)


def _picked(position: Integers, points: Floats) -> Floats:
    table = np.broadcast_to(points, (len(position), np.shape(points)[-1]))
    picked = np.take_along_axis(table, np.maximum(position, 0)[:, np.newaxis], axis=1)[:, 0]
    return np.where(position < 0, np.nan, picked)
