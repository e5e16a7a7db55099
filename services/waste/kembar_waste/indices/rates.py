"""Rates of waste management: shares of what was generated, each tonne counted once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]

_ROUNDING: Final = 1e-9
"""Share of the whole by which the sum of all its parts may miss it, as numbers are added up."""


def share(part: Floats, whole: Floats) -> Floats:
    """Divide a stream by the one it was taken from.

    Args:
        part: Any shape, any unit of mass.
        whole: Same shape, same unit, same periods.

    Returns:
        Same shape, 0 to 1; NaN where either is NaN, nothing was there to divide, or the part
        exceeds the whole: figures that contradict each other give no share.

    Source:
        Perpres 97/2017 (Jakstranas): reduction and handling as shares of generation; UN SDG
        indicators 11.6.1 and 12.5.1.
    """
    possible = (whole > 0.0) & (part >= 0.0) & (part <= whole * (1.0 + _ROUNDING))
    shares: Floats = np.full(np.shape(whole), np.nan)
    np.divide(part, whole, out=shares, where=possible)
    return np.minimum(shares, 1.0)


def reduction_rate(
    generated: Floats, *, avoided: Floats, reused: Floats, recycled: Floats
) -> Floats:
    """Return the share of generation that was reduced (pengurangan).

    Args:
        generated: Any shape, in any unit of mass.
        avoided: Same shape and unit, limited at source; 0 where that is not measured.
        reused: Same shape and unit, used again.
        recycled: Same shape and unit, recycled, compost included.

    Returns:
        Same shape, 0 to 1; NaN as `share` says.

    Source:
        Perpres 97/2017 (Jakstranas): the three components of pengurangan.
    """
    return share(avoided + reused + recycled, generated)


def handling_rate(generated: Floats, *, processed: Floats, disposed: Floats) -> Floats:
    """Return the share of generation that was handled (penanganan).

    Of its five components, sorting, collection and transport are steps on the way to the others:
    each tonne is counted once, at its final step (own convention).

    Args:
        generated: Any shape, in any unit of mass.
        processed: Same shape and unit, whose treatment was its end, such as incineration.
        disposed: Same shape and unit, finally disposed of.

    Returns:
        Same shape, 0 to 1; NaN as `share` says.

    Source:
        Perpres 97/2017 (Jakstranas): the five components of penanganan.
    """
    return share(processed + disposed, generated)


@dataclass(frozen=True)
class Managed:
    """Waste managed (terkelola) by both definitions, side by side.

    Attributes:
        sipsn: Share of generation, all final disposal counted.
        rpjmn: Share of generation, disposal at open dumps not counted.
        unmanaged: Mass not managed by SIPSN's definition, in the unit of the masses.
    """

    sipsn: Floats
    rpjmn: Floats
    unmanaged: Floats


def managed(
    generated: Floats,
    *,
    reduced: Floats,
    processed: Floats,
    disposed: Floats,
    disposed_controlled: Floats,
) -> Managed:
    """Return the share of generation that was managed, by both definitions in use.

    Args:
        generated: Any shape, in any unit of mass.
        reduced: Same shape and unit, reduction in all.
        processed: Same shape and unit, whose treatment was its end.
        disposed: Same shape and unit, finally disposed of anywhere.
        disposed_controlled: Same shape and unit, that part of it at controlled or sanitary
            landfills; NaN where the control level of a site is not known.

    Returns:
        Three arrays of the same shape; NaN as `share` says, the RPJMN's also where the control
        level is not known.

    Source:
        SIPSN: reduction and handling, more than 100 % refused. RPJMN 2025-2029 (Perpres 12/2025):
        the ministry's stricter count; that open dumps are what it leaves out was not seen.
    """
    all_of_it = reduced + processed + disposed
    sipsn = share(all_of_it, generated)
    return Managed(
        sipsn=sipsn,
        rpjmn=share(reduced + processed + disposed_controlled, generated),
        unmanaged=np.where(np.isnan(sipsn), np.nan, generated - all_of_it),
    )


def recovery_rate(generated: Floats, *parts: Floats) -> Floats:
    """Return the share of generation that was recovered: recycled, composted and used again.

    Args:
        generated: Any shape, in any unit of mass.
        parts: Each of the same shape and unit.

    Returns:
        Same shape, 0 to 1; NaN as `share` says.

    Source:
        Own convention, published as `waste.recovery_share`.
    """
    return share(np.sum(parts, axis=0), generated)


def japan_recycling_rate(
    *, direct: Floats, recovered: Floats, group: Floats, treated: Floats
) -> Floats:
    """Return the recycling rate as Japan defines it (リサイクル率).

    Args:
        direct: Any shape, in any unit of mass, sent to recycling as collected (直接資源化量).
        recovered: Same shape and unit, recovered by treatment (中間処理後再生利用量).
        group: Same shape and unit, collected by residents' groups (集団回収量).
        treated: Same shape and unit, all that was treated (ごみの総処理量).

    Returns:
        Same shape, 0 to 1; NaN as `share` says.

    Source:
        Ministry of the Environment of Japan, white paper FY2016: (direct + recovered + group) ÷
        (treated + group).
    """
    return share(direct + recovered + group, treated + group)


def sdg_11_6_1(generated: Floats, *, controlled: Floats) -> Floats:
    """Return the share of generation collected and managed in controlled facilities.

    Args:
        generated: Any shape, in any unit of mass.
        controlled: Same shape and unit, collected and managed in controlled facilities.

    Returns:
        Same shape, 0 to 1; NaN as `share` says.

    Source:
        UN SDG indicator 11.6.1, UN-Habitat Waste Wise Cities Tool.
    """
    return share(controlled, generated)


def sdg_12_5_1(
    generated: Floats, *, recovered: Floats, exported: Floats | float = 0.0,
    imported: Floats | float = 0.0,
) -> Floats:  # fmt: skip
    """Return the share of generation of which the material was recovered.

    Args:
        generated: Any shape, in any unit of mass.
        recovered: Same shape and unit, recovered here.
        exported: Same shape and unit, sent to recycling elsewhere; of a city 0.
        imported: Same shape and unit, of `recovered` what came from elsewhere; of a city 0.

    Returns:
        Same shape, 0 to 1; NaN as `share` says.

    Source:
        UN SDG indicator 12.5.1; its text was not seen.
    """
    return share(np.asarray(recovered + exported - imported), generated)


def diversion_rate(generated: Floats, *, recycled: Floats, treated: Floats) -> Floats:
    """Return the share of generation kept from disposal; RDF and incineration are no diversion.

    Args:
        generated: Any shape, in any unit of mass.
        recycled: Same shape and unit.
        treated: Same shape and unit, composted, digested or fed to larvae (BSF).

    Returns:
        Same shape, 0 to 1; NaN as `share` says.

    Source:
        Own convention.
    """
    return share(recycled + treated, generated)
