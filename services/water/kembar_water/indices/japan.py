"""River classes of Japan (environmental quality standards for the living environment)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]

RIVER_CLASS: Final = "jp-eqs-river/class@2"


def river_class(
    lowest: Floats, highest: Floats, least: Floats, most: Floats
) -> npt.NDArray[np.int64]:
    """Find the class whose limits a reach meets in every item: the worst over its items.

    Args:
        lowest: Shape (n, items): the lowest daily mean of each item, of BOD its 75 % value, of
            E. coli its 90 % value; NaN: the item was not judged.
        highest: Same shape: the highest daily mean, or the same percentile.
        least: Shape (grades, items), best grade first, smallest value allowed; NaN: no bound.
        most: Shape (grades, items), largest value allowed; NaN: no bound.

    Returns:
        Shape (n,), positions of grades; their number where not even the last is met; -1 where an
        item that was not judged could make it another one.

    Source:
        Japan, Environment Agency Notification 59 of 1971, table 2; the worst item deciding is an
        own convention.
    """
    breaks = (lowest[:, np.newaxis] < least) | (highest[:, np.newaxis] > most)
    limited = ~np.isnan(least) | ~np.isnan(most)
    unknown = np.isnan(lowest)[:, np.newaxis] & limited
    best, worst = _position(breaks), _position(breaks | unknown)
    return np.where(best == worst, best, -1).astype(np.int64)


def _position(breaks: npt.NDArray[np.bool_]) -> npt.NDArray[np.int64]:
    """Return the first grade that is met together with all worse ones."""
    is_met = ~np.asarray(breaks.any(axis=2))
    met = np.logical_and.accumulate(is_met[:, ::-1], axis=1)
    position: npt.NDArray[np.int64] = breaks.shape[1] - met.sum(axis=1)
    return position
