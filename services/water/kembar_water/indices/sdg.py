"""SDG indicator 6.3.2: water bodies of good ambient water quality."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]
    Integers = npt.NDArray[np.int64]

SDG_6_3_2: Final = "sdg-6.3.2/good-water-bodies@2"


def is_good(
    complying: Integers, compared: Integers, least_share: Floats | float
) -> npt.NDArray[np.bool_]:
    """Say which water bodies are good.

    Args:
        complying: Shape (n,), comparisons of a measurement with its target that comply.
        compared: Shape (n,), all comparisons.
        least_share: Shape () or (n,), share of them that has to comply, 0 to 1: 0.8.

    Returns:
        Shape (n,); False without a comparison: such a body is not assessed, ask `compared`.

    Source:
        UN Water, SDG 6.3.2: 80 % of the monitoring values.
    """
    return (complying / np.maximum(compared, 1) >= least_share) & (compared > 0)
