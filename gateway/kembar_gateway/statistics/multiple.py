"""Many tests of one publication, and the claims among them that may still be made."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]


def holm(probabilities: Floats) -> Floats:
    """Raise each test's p so that one false claim among all of them is as rare as p says.

    It holds however the tests depend on each other, as those of one river or one sky do.

    Args:
        probabilities: Shape (n,), each test's own p, 0 to 1.

    Returns:
        Shape (n,), in the same order, never less than given, at most 1.

    Source:
        Holm (1979), Scand. J. Statist. 6, 65-70.
    """
    order = np.argsort(probabilities, kind="stable")
    remaining = np.arange(len(order), 0, -1)
    adjusted = np.empty(len(order))
    adjusted[order] = np.minimum(np.maximum.accumulate(probabilities[order] * remaining), 1.0)
    return adjusted
