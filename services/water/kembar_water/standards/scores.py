"""Edges, weights and scores by which the methods turn values into categories and indices."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Final

from kembar_shared.measurement.standards import Factor
from kembar_water.standards.sdg import SDG_6_3_2

if TYPE_CHECKING:
    from collections.abc import Iterator

KEPMEN_LH_115_2003: Final = "kepmen-lh-115-2003"
PERMEN_LHK_27_2021: Final = "permen-lhk-27-2021"
P4_2018: Final = "permen-lhk-p4-2018"

PI_EDGES: Final = ("cemar_ringan_above", "cemar_sedang_above", "cemar_berat_above")
STORET_EDGES: Final = ("a_from", "b_from", "c_from")
STATISTICS: Final = ("maximum", "minimum", "mean")
IKA_WEIGHTS: Final = ("memenuhi_baku_mutu", "cemar_ringan", "cemar_sedang", "cemar_berat")
IKA_HISTORIC_EDGES: Final = ("last_of_100", "last_of_80", "last_of_60", "last_of_40")
IKA_HISTORIC_POINTS: Final = ("best", "second", "third", "fourth", "worst")
IKLH_WEIGHTS: Final = ("ika", "iku", "ikl")
IKLH_REGION_WEIGHTS: Final = ("ika", "iku", "ikl", "ikal")
IKLH_EDGES: Final = ("kurang_from", "sedang_from", "baik_from", "sangat_baik_from")

IKA_PARAMETERS: Final = ("bod", "cod", "do", "fcoli", "no3_n", "ph", "tp", "tss")
"""The set of the IKA for rivers, in alphabetical order."""

_STORET_SCORES: Final[dict[str, dict[str, tuple[float, ...]]]] = {
    "few": {"physical": (-1, -1, -3), "chemical": (-2, -2, -6), "biological": (-3, -3, -9)},
    "many": {"physical": (-2, -2, -6), "chemical": (-4, -4, -12), "biological": (-6, -6, -18)},
}
# The days of the decrees of 2003 and 2018 are unverified; of the others only the year is known.
_SINCE: Final = {
    KEPMEN_LH_115_2003: date(2003, 7, 10),
    P4_2018: date(2018, 1, 1),
    PERMEN_LHK_27_2021: date(2021, 1, 1),
    SDG_6_3_2: date(2021, 2, 2),
}
# Without a last day: the historic figure is published of later years too, beside its successor.
_HISTORIC: Final = "IKA; replaced by Permen LHK 27/2021 from 2021 on, kept to compare years"
_ANNEX_I: Final = "Kepmen LH 115/2003, Lampiran I"
_ANNEX_II: Final = "Kepmen LH 115/2003, Lampiran II"


def factors() -> Iterator[Factor]:
    """Yield every factor of the water service."""
    yield from _pollution_index()
    yield from _storet()
    yield from _environmental_indices()
    yield _factor(
        SDG_6_3_2, "water_body", "good_share", 0.8, "SDG 6.3.2, 80 % of monitoring values"
    )
    yield _factor(
        SDG_6_3_2,
        "water_body",
        "least_groups",
        4.0,
        "Own convention: core groups a water body must be measured in",
        verified=False,
    )


def _pollution_index() -> Iterator[Factor]:
    yield _factor(
        KEPMEN_LH_115_2003,
        "pollution_index",
        "correction",
        5.0,
        f"{_ANNEX_II}: the constant P is free there, 5 is the usual value",
    )
    for quantity, edge in zip(PI_EDGES, (1.0, 5.0, 10.0), strict=True):
        yield _factor(KEPMEN_LH_115_2003, "pollution_index", quantity, edge, _ANNEX_II)


def _storet() -> Iterator[Factor]:
    for count, groups in _STORET_SCORES.items():
        for group, values in groups.items():
            for statistic, score in zip(STATISTICS, values, strict=True):
                subject = f"storet_{group}_{count}"
                yield _factor(KEPMEN_LH_115_2003, subject, statistic, float(score), _ANNEX_I)
    yield _factor(KEPMEN_LH_115_2003, "storet", "many_from", 10.0, _ANNEX_I)
    for quantity, least in zip(STORET_EDGES, (0.0, -10.0, -30.0), strict=True):
        yield _factor(KEPMEN_LH_115_2003, "storet", quantity, least, _ANNEX_I)


def _environmental_indices() -> Iterator[Factor]:
    tables = (
        (PERMEN_LHK_27_2021, "ika", IKA_WEIGHTS, (70, 50, 30, 10), "IKA", True),
        (PERMEN_LHK_27_2021, "iklh_city", IKLH_WEIGHTS, (0.376, 0.405, 0.219), "IKLH", True),
        *(
            (
                PERMEN_LHK_27_2021,
                subject,
                IKLH_REGION_WEIGHTS,
                (0.340, 0.428, 0.133, 0.099),
                "IKLH; unverified, and no method here uses it",
                False,
            )
            for subject in ("iklh_province", "iklh_nation")
        ),
        (PERMEN_LHK_27_2021, "iklh_class", IKLH_EDGES, (25, 50, 70, 90), "IKLH", True),
        (P4_2018, "ika", IKA_HISTORIC_EDGES, (1, 4.67, 6.32, 6.88), _HISTORIC, True),
        (P4_2018, "ika", IKA_HISTORIC_POINTS, (100, 80, 60, 40, 20), _HISTORIC, True),
    )
    names = {PERMEN_LHK_27_2021: "Permen LHK 27/2021", P4_2018: "Permen LHK P.4/2018"}
    for standard, subject, quantities, values, part, verified in tables:
        for quantity, value in zip(quantities, values, strict=True):
            source = f"{names[standard]}, {part}"
            yield _factor(standard, subject, quantity, float(value), source, verified=verified)


def _factor(
    standard: str, subject: str, quantity: str, value: float, source: str, *, verified: bool = True
) -> Factor:
    return Factor(
        standard=standard,
        subject=subject,
        quantity=quantity,
        value=value,
        unit="1",
        valid_from=_SINCE[standard],
        source=source,
        verified=verified,
    )
