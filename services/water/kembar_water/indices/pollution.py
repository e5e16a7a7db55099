"""The Pollution Index (Kepmen LH 115/2003, Annex II)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]

POLLUTION_INDEX: Final = "kepmen-lh-115-2003/pollution-index@2"
"""Method of `pollution_index` with oxygen at saturation as the ceiling of dissolved oxygen."""

CATEGORIES: Final = ("memenuhi_baku_mutu", "cemar_ringan", "cemar_sedang", "cemar_berat")
"""Meets the standard; lightly, moderately, heavily polluted: of the index and of STORET."""


def limit_ratios(
    values: Floats, least: Floats, most: Floats, ceiling: Floats | None = None
) -> Floats:
    """Divide values by their limits, so that 1 is the limit and less is better.

    Args:
        values: Any shape, in the limits' units.
        least: Same shape, smallest value allowed; NaN: no such bound.
        most: Same shape, largest value allowed; NaN: no such bound.
        ceiling: Same shape, the best value there can be where only `least` binds: dissolved
            oxygen at saturation. A value above it counts as the ceiling (own convention). None:
            the plain quotient of limit and value instead, as P.4/2018 had it; infinite for 0.

    Returns:
        Same shape, 0 or more for values that are; NaN where the value, every bound, or a ceiling
        above its limit is missing, and where a limit of 0 has no ratio.

    Source:
        Kepmen LH 115/2003, Annex II, steps 1 to 3.
    """
    rising = values / np.where(most > 0.0, most, np.nan)
    if ceiling is None:
        beyond = np.where(np.isnan(values) | np.isnan(least), np.nan, np.inf)
        falling = np.divide(least, values, out=beyond, where=values > 0.0)
    else:
        room = np.where(ceiling > least, ceiling - least, np.nan)
        falling = np.maximum(ceiling - values, 0.0) / room
    middle = (least + most) / 2.0
    around = (values - middle) / (np.where(values <= middle, least, most) - middle)
    bounded = np.where(np.isnan(most), falling, around)
    return np.where(np.isnan(least), rising, bounded)


def corrected(ratios: Floats, correction: Floats | float) -> Floats:
    """Dampen the ratios above 1, so that one extreme parameter does not hide the others.

    Args:
        ratios: Any shape, value over limit; NaN stays.
        correction: The constant P, for all or in a shape that fits; the decree leaves it free
            and everybody uses 5.

    Returns:
        Same shape: 1 + P log10(r) where r > 1, else r.

    Source:
        Kepmen LH 115/2003, Annex II, step 4.
    """
    return np.where(ratios > 1.0, 1.0 + correction * np.log10(np.maximum(ratios, 1.0)), ratios)


def pollution_index(ratios: Floats, *, correction: Floats | float, least_parameters: int) -> Floats:
    """Combine the ratios of each sample into its Pollution Index (Nemerow and Sumitomo).

    Args:
        ratios: Shape (samples, parameters), value over limit before correction; NaN: the
            parameter is not part of the sample.
        correction: The constant P of `corrected`, shape () or (samples,).
        least_parameters: Parameters a sample needs. The decree names no number: a convention.

    Returns:
        Shape (samples,), 0 or more; NaN where too few parameters are known. Samples of other
        parameter sets are not comparable.

    Source:
        Kepmen LH 115/2003, Annex II: PI = sqrt((max² + mean²) / 2).
    """
    known = ~np.isnan(ratios)
    count = known.sum(axis=1)
    constant = np.asarray(correction, dtype=np.float64)[..., np.newaxis]
    capped = np.where(known, corrected(ratios, constant), 0.0)
    largest = capped.max(axis=1, initial=0.0)
    mean = capped.sum(axis=1) / np.maximum(count, 1)
    index = np.sqrt((largest**2 + mean**2) / 2.0)
    return np.where(count >= max(least_parameters, 1), index, np.nan)


def pollution_category(index: Floats, edges: Floats) -> npt.NDArray[np.int64]:
    """Classify Pollution Indices.

    Args:
        index: Shape (n,); an edge belongs to the better category.
        edges: Shape (3,) or (n, 3), rising: 1, 5, 10 in the decree.

    Returns:
        Shape (n,), positions in `CATEGORIES`; -1 where the index is NaN.

    Source:
        Kepmen LH 115/2003, Annex II, evaluation of the index.
    """
    position = (index[:, np.newaxis] > edges).sum(axis=1)
    return np.where(np.isnan(index), -1, position).astype(np.int64)
