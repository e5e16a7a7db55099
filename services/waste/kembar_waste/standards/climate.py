"""IPCC defaults for greenhouse gas from waste, and sets of global warming potentials."""

from __future__ import annotations

from datetime import date
from typing import Final

from kembar_shared.measurement.standards import Factor

IPCC_2006: Final = "ipcc-2006"
IPCC_2019: Final = "ipcc-2019"
GPC: Final = "gpc"
GWP_SETS: Final = {"AR4": "ipcc-ar4", "AR5": "ipcc-ar5", "AR6": "ipcc-ar6"}
DOCF_SETS: Final = {"2006": IPCC_2006, "2019": IPCC_2019}

_YEAR: Final = {IPCC_2006: 2006, IPCC_2019: 2019, GPC: 2014} | {
    "ipcc-ar4": 2007, "ipcc-ar5": 2013, "ipcc-ar6": 2021,
}  # fmt: skip
_V5: Final = "IPCC 2006 Guidelines, Vol. 5"
_R5: Final = "2019 Refinement to the IPCC Guidelines, Vol. 5"


def _factor(
    standard: str, subject: str, quantity: str, value: float, unit: str, source: str, *, seen: bool
) -> Factor:
    return Factor(
        standard=standard,
        subject=subject,
        quantity=quantity,
        value=value,
        unit=unit,
        valid_from=date(_YEAR[standard], 1, 1),
        source=source,
        verified=seen,
    )


# DOC and DOCf are shares of wet waste and of DOC; k in 1/a for tropical wet and tropical dry.
# fmt: off
_DECAYING: Final = {
    # type: (DOC, DOC seen, DOCf 2006, DOCf 2019, DOCf 2019 seen, k wet, k dry)
    "food": (0.15, True, 0.5, 0.7, True, 0.40, 0.085),
    "garden": (0.20, True, 0.5, 0.7, True, 0.17, 0.065),
    "paper": (0.40, True, 0.5, 0.5, True, 0.07, 0.045),
    "textiles": (0.24, True, 0.5, 0.5, False, 0.07, 0.045),
    "wood": (0.43, True, 0.5, 0.1, False, 0.035, 0.025),
    "nappies": (0.24, False, 0.5, 0.5, False, 0.17, 0.065),
    "rubber": (0.39, False, 0.5, 0.1, False, 0.035, 0.025),
}
_DRY: Final = {
    # type: (dry matter of wet waste, carbon of dry matter, fossil share of carbon)
    "food": (0.40, 0.38, 0.0), "garden": (0.40, 0.49, 0.0), "paper": (0.90, 0.46, 0.01),
    "textiles": (0.80, 0.50, 0.20), "wood": (0.85, 0.50, 0.0), "nappies": (0.40, 0.70, 0.10),
    "rubber": (0.84, 0.67, 0.20), "plastic": (1.0, 0.75, 1.0), "metal": (1.0, 0.0, None),
    "glass": (1.0, 0.0, None), "other": (0.90, 0.03, 1.0),
}
# fmt: on
_WITHOUT_DOC: Final = ("plastic", "metal", "glass", "other")


def _decay() -> list[Factor]:
    made = []
    table = f"{_V5}, Table 2.4"
    for waste, (doc, doc_seen, docf, docf_2019, docf_seen, wet, dry) in _DECAYING.items():
        rates = f"{_V5}, Table 3.3"
        wet_source = f"Own convention, as wood; {rates}" if waste == "rubber" else rates
        made += [
            _factor(IPCC_2006, waste, "doc", doc, "1", table, seen=doc_seen),
            _factor(IPCC_2006, waste, "docf", docf, "1", f"{_V5}, Ch. 3.2.3", seen=False),
            _factor(IPCC_2019, waste, "docf", docf_2019, "1", f"{_R5}, Table 3.0", seen=docf_seen),
            _factor(IPCC_2006, waste, "k_tropical_wet", wet, "1/a", wet_source, seen=False),
            _factor(IPCC_2006, waste, "k_tropical_dry", dry, "1/a", rates, seen=False),
        ]
    made += [_factor(IPCC_2006, w, "doc", 0.0, "1", table, seen=False) for w in _WITHOUT_DOC]
    for name, k in (("k_tropical_wet", 0.17), ("k_tropical_dry", 0.065)):
        made.append(_factor(IPCC_2006, "bulk", name, k, "1/a", f"{_V5}, Table 3.3", seen=False))
    made += [
        _factor(standard, "bulk", "docf", 0.5, "1", source, seen=False)
        for standard, source in ((IPCC_2006, f"{_V5}, Ch. 3.2.3"), (IPCC_2019, f"{_R5}, Table 3.0"))
    ]
    return made


def _carbon() -> list[Factor]:
    made = []
    for waste, (dry_matter, carbon, fossil) in _DRY.items():
        table = f"{_V5}, Table 2.4"
        made.append(_factor(IPCC_2006, waste, "dry_matter", dry_matter, "1", table, seen=True))
        made.append(_factor(IPCC_2006, waste, "carbon", carbon, "1", table, seen=True))
        if fossil is not None:
            made.append(_factor(IPCC_2006, waste, "fossil_share", fossil, "1", table, seen=True))
    return made


_MCF: Final = {
    "managed_anaerobic": (IPCC_2006, 1.0),
    "semi_aerobic": (IPCC_2006, 0.5),
    "unmanaged_deep": (IPCC_2006, 0.8),
    "unmanaged_shallow": (IPCC_2006, 0.4),
    "uncategorised": (IPCC_2006, 0.6),
    "semi_aerobic_poor": (IPCC_2019, 0.7),
    "active_aeration": (IPCC_2019, 0.4),
    "active_aeration_poor": (IPCC_2019, 0.7),
}
MCF_STANDARD: Final = {site: standard for site, (standard, _) in _MCF.items()}
"""Kind of disposal site -> the standard that gives its methane correction factor."""


def _sites() -> list[Factor]:
    made = [
        _factor(
            standard, site, "mcf", value, "1",
            f"{_V5}, Table 3.1" if standard == IPCC_2006 else f"{_R5}, Table 3.1",
            seen=standard == IPCC_2006,
        )
        for site, (standard, value) in _MCF.items()
    ]  # fmt: skip
    return [
        *made,
        _factor(IPCC_2006, "landfill_gas", "methane_share", 0.5, "1", f"{_V5}, Ch. 3", seen=False),
        _factor(IPCC_2006, "landfill", "oxidation", 0.0, "1", f"{_V5}, Table 3.2", seen=True),
        _factor(
            IPCC_2006, "landfill_covered", "oxidation", 0.1, "1",
            f"{_V5}, Table 3.2: managed sites with an oxidising cover", seen=True,
        ),
        _factor(IPCC_2006, "landfill", "recovered", 0.0, "t", f"{_V5}, Ch. 3: unless metered",
                seen=False),
        _factor(GPC, "bulk", "docf", 0.6, "1", "GPC 2014, methane commitment", seen=True),
    ]  # fmt: skip


def _treatments() -> list[Factor]:
    table, burning = f"{_V5}, Table 4.1 as corrected", f"{_V5}, Ch. 5"
    return [
        _factor(IPCC_2006, "composting", "ch4", 4.0, "g/kg", table, seen=False),
        _factor(IPCC_2006, "composting", "n2o", 0.24, "g/kg", table, seen=False),
        _factor(IPCC_2006, "digestion", "ch4", 0.8, "g/kg", table, seen=False),
        _factor(IPCC_2006, "digestion", "n2o", 0.0, "g/kg", table, seen=False),
        _factor(IPCC_2006, "incineration", "oxidation", 1.0, "1", burning, seen=True),
        _factor(IPCC_2006, "incineration", "n2o", 50.0, "g/t", burning, seen=True),
        _factor(IPCC_2006, "incineration_continuous", "ch4", 0.2, "g/t", burning, seen=True),
        _factor(IPCC_2006, "incineration_semi_continuous", "ch4", 6.0, "g/t", burning, seen=True),
        _factor(IPCC_2006, "incineration_batch", "ch4", 60.0, "g/t", burning, seen=True),
        _factor(IPCC_2006, "open_burning", "oxidation", 0.58, "1", burning, seen=True),
        _factor(IPCC_2019, "open_burning", "oxidation", 0.71, "1", f"{_R5}, Ch. 5", seen=False),
        _factor(IPCC_2006, "open_burning", "n2o", 150.0, "g/t", burning, seen=True),
    ]


def _potentials() -> list[Factor]:
    values = {
        "ipcc-ar4": (25.0, 25.0, 298.0, "IPCC AR4 WG1, Table 2.14"),
        "ipcc-ar5": (28.0, 28.0, 265.0, "IPCC AR5 WG1, Table 8.A.1"),
        "ipcc-ar6": (27.0, 29.8, 273.0, "IPCC AR6 WG1, Table 7.15"),
    }
    return [
        _factor(standard, gas, "gwp100", value, "1", source, seen=False)
        for standard, (biogenic, fossil, n2o, source) in values.items()
        for gas, value in (("ch4_biogenic", biogenic), ("ch4_fossil", fossil), ("n2o", n2o))
    ]


FACTORS: Final = (*_decay(), *_carbon(), *_sites(), *_treatments(), *_potentials())
"""All of them; of `landfill_gas`, `landfill` and the treatments the subject is the process."""
