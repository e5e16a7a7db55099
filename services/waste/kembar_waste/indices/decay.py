"""Methane from waste in a landfill: first-order decay."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]

CH4_PER_C: Final = 16.0 / 12.0
"""Mass of methane with one unit of mass of carbon."""


@dataclass(frozen=True)
class Site:
    """What a type of waste meets in a landfill; each a number or an array of the waste types.

    Attributes:
        doc: Degradable organic carbon, share of wet waste.
        docf: Share of it that decomposes.
        mcf: Methane correction factor of the site, 0 to 1.
        k: Decay rate in 1/a.
        methane_share: Share of methane in landfill gas by volume (F).
        oxidation: Share of methane that the cover oxidises (OX).
    """

    doc: Floats | float
    docf: Floats | float
    mcf: Floats | float
    k: Floats | float
    methane_share: Floats | float = 0.5
    oxidation: Floats | float = 0.0


def methane_potential(site: Site) -> Floats:
    """Return the methane that a tonne of waste gives in the end (L0), before oxidation.

    With DOCf = 0.6 it is the methane commitment of the GPC.

    Args:
        site: Numbers or arrays of one shape.

    Returns:
        That shape, in t CH4 per t of wet waste.

    Source:
        IPCC 2006, Vol. 5, Ch. 3: L0 = DDOCm · F · 16/12; GPC 2014, methane commitment.
    """
    carbon = np.asarray(site.doc) * site.docf * site.mcf
    return np.asarray(carbon * site.methane_share * CH4_PER_C, dtype=np.float64)


def first_order_decay(
    deposited: Floats, site: Site, *, horizon: int, recovered: Floats | float = 0.0
) -> Floats:
    """Return the methane that waste gives year by year; it begins the January after its deposit.

    Args:
        deposited: Shape (…, n), in t of wet waste in each of n calendar years.
        site: Numbers, or arrays of the shape (…).
        horizon: Years to follow after the last of the n.
        recovered: Shape (…, n + horizon) or 0, in t CH4 captured and burnt.

    Returns:
        Shape (…, n + horizon), in t CH4 emitted in each year; NaN where the deposits up to then
        hold a NaN, or more was captured than was given.

    Source:
        IPCC 2006, Vol. 5, Ch. 3, equations 3.1 to 3.6 (as in the spreadsheet: reaction starts on
        1 January of the year after deposit).
    """
    kept = np.exp(-np.asarray(site.k, dtype=np.float64))
    carbon = deposited * np.asarray(site.doc * site.docf * np.asarray(site.mcf))[..., np.newaxis]
    years = deposited.shape[-1] + horizon
    generated: Floats = np.zeros((*carbon.shape[:-1], years))
    held = np.zeros(carbon.shape[:-1])
    for year in range(years):
        generated[..., year] = held * (1.0 - kept)
        held = held * kept + (carbon[..., year] if year < carbon.shape[-1] else 0.0)
    generated *= np.asarray(site.methane_share)[..., np.newaxis] * CH4_PER_C
    left = np.where(recovered > generated, np.nan, generated - recovered)
    emitted: Floats = left * (1.0 - np.asarray(site.oxidation))[..., np.newaxis]
    return emitted


def decay_from_deposit(
    deposited: Floats,
    site: Site,
    *,
    horizon: int,
    captured_share: float = 0.0,
    correction: float = 1.0,
) -> Floats:
    """Return the methane that waste gives year by year; it begins in the year of its deposit.

    Args:
        deposited: Shape (…, n), in t of wet waste in each of n calendar years.
        site: Numbers, or arrays of the shape (…).
        horizon: Years to follow after the last of the n.
        captured_share: Share of the methane that is captured and burnt (f).
        correction: For the model's uncertainty (φ).

    Returns:
        Shape (…, n + horizon), in t CH4 emitted in each year; NaN where the deposits up to then
        hold a NaN.

    Source:
        CDM TOOL04, yearly model: φ (1 - f) (1 - OX) 16/12 F DOCf MCF Σ W DOC e^{-k(y-x)}
        (1 - e^{-k}). φ was 0.9 and is 0.75 to 0.85 in newer versions, which were not seen: 1 here.
    """
    later = first_order_decay(deposited, site, horizon=horizon + 1)
    emitted: Floats = later[..., 1:] * (correction * (1.0 - captured_share))
    return emitted
