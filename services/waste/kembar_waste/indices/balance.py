"""The mass balance of a facility."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]
    Texts = npt.NDArray[np.str_]


_DECIMALS: Final = 9


@dataclass(frozen=True)
class Balance:
    """What became of the mass that came in.

    Attributes:
        leak: In, less out, less what the stock grew by, in the unit of the masses; negative where
            more went out than came in.
        share: The leak as a share of what came in; 1: all of it was lost.
    """

    leak: Floats
    share: Floats


def mass_balance(received: Floats, out: Floats, stock_change: Floats) -> Balance:
    """Compare what came into a facility with what left it and what it kept.

    Args:
        received: Any shape, in any unit of mass.
        out: Same shape and unit: recycled, composted, used again, burnt, landfilled and residue.
        stock_change: Same shape and unit: stock at the end less stock at the start; 0 where the
            facility keeps none.

    Returns:
        Two arrays of the same shape; NaN where a side is NaN or negative, the share also where
        nothing came in.

    Source:
        Conservation of mass: in = recycled + composted + residue ± stock.
    """
    possible = (received >= 0.0) & (out >= 0.0)
    leak: Floats = np.where(possible, received - out - stock_change, np.nan)
    shares: Floats = np.full(np.shape(leak), np.nan)
    np.divide(leak, received, out=shares, where=possible & (received > 0.0))
    return Balance(leak, shares)


def category(shares: Floats, tolerance: float) -> Texts:
    """Name balances.

    Args:
        shares: Any shape, leaks as shares of what came in.
        tolerance: Share that may be unaccounted for, 0 to 1.

    Returns:
        Same shape: `balanced` up to and at the tolerance on either side, `leak` above, `surplus`
        below; empty where NaN.

    Source:
        Own convention.
    """
    # Tonnes of kilograms add up with a rest of rounding, which is no leak.
    exact = np.round(shares, _DECIMALS)
    names = [np.abs(exact) <= tolerance, exact > tolerance, exact < -tolerance]
    chosen: Texts = np.select(names, ["balanced", "leak", "surplus"], default="")
    return chosen
