"""What the water service measures: parameters, the units it understands, plausible ranges."""

from __future__ import annotations

import tomllib
from importlib.resources import files
from typing import TYPE_CHECKING, Final

import numpy as np

from kembar_shared.measurement.catalogue import (
    Catalogue,
    Checks,
    Conversion,
    Flat,
    Parameter,
    Relation,
    Span,
    Threshold,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from kembar_shared.measurement.catalogue import Floats

# A litre is a cubic decimetre; "ppm" is no mass per volume and is not accepted.
# Some agencies publish units without their strokes: MG L, MPN 100 ML.
MG_L: Final = (
    Conversion("mg/L", ("MG L", "mg/dm3", "g/m3", "ミリグラム毎リットル")),
    Conversion("µg/L", ("ug/L", "UG L", "mcg/L", "mg/m3"), over=1000.0),
    Conversion("ng/L", over=1_000_000.0),
    Conversion("g/L", times=1000.0),
)
UG_L: Final = (
    Conversion("µg/L", ("ug/L", "UG L", "mcg/L", "mg/m3")),
    Conversion("mg/L", ("MG L", "mg/dm3", "g/m3"), times=1000.0),
    Conversion("ng/L", over=1000.0),
)
DEGREES: Final = (
    Conversion("degC", ("°C", "C", "deg C", "celsius", "derajat celsius", "度")),
    Conversion("degF", ("°F", "F", "deg F", "fahrenheit"), times=5.0, over=9.0, plus=-160.0 / 9.0),
)
# A difference of temperatures has no zero point to shift.
DEGREES_APART: Final = (
    Conversion("degC", ("°C", "C", "deg C", "K")),
    Conversion("degF", ("°F", "F", "deg F"), times=5.0, over=9.0),
)
CONDUCTIVITY: Final = (
    Conversion("µS/cm", ("uS/cm", "uS/cm @25C", "umho/cm", "umhos/cm", "µmho/cm", "µmhos/cm")),
    Conversion("mS/cm", ("dS/m",), times=1000.0),
    Conversion("mS/m", times=10.0),
)
MPN: Final = (
    Conversion("MPN/100 mL", ("MPN 100 ML", "JPT/100 mL")),
    Conversion("MPN/mL", times=100.0),
)
CFU: Final = (
    Conversion("CFU/100 mL", ("CFU 100 ML",)),
    Conversion("CFU/mL", times=100.0),
)
FLOW: Final = (
    Conversion("m3/s", ("m³/s", "m3/detik", "m3/dtk", "m3/sec")),
    Conversion("L/s", ("l/detik", "liter/detik", "l/dtk"), over=1000.0),
)
PH: Final = (
    Conversion("pH", ("1", "-", "none", "unit", "pH unit", "pH units", "std units", "satuan pH")),
)
NTU: Final = (Conversion("NTU"),)
PT_CO: Final = (Conversion("Pt-Co", ("PtCo", "TCU", "Pt-Co unit", "unit Pt-Co")),)
COUNT: Final = (Conversion("1", ("count", "ada/tidak")),)
BECQUEREL: Final = (Conversion("Bq/L", ("becquerel/L",)),)


def _as_ion(element: str, *ions: tuple[str, float, float]) -> tuple[Conversion, ...]:
    """Return mg/L of an *element*, and of ions that hold it: (formula, g/mol element, g/mol ion).

    The formula has to be said: a plain mg/L is the element, as the parameter's name says.
    """
    own = Conversion(
        MG_L[0].unit,
        (*MG_L[0].aliases, f"mg/L as {element}", f"mg {element}/L", f"mg/L-{element}"),
    )
    bound = (
        Conversion(f"mg/L as {ion}", (f"mg {ion}/L",), times=element_g, over=ion_g)
        for ion, element_g, ion_g in ions
    )
    return (own, *MG_L[1:], *bound)


PESTICIDES: Final = (
    "aldrin_dieldrin",
    "bhc",
    "chlordane",
    "ddt",
    "endrin",
    "heptachlor",
    "lindane",
    "methoxychlor",
    "toxaphene",
)
_UNITS: Final = {
    "temp": DEGREES,
    "air_temp": DEGREES,
    "temp_dev": DEGREES_APART,
    "ec": CONDUCTIVITY,
    "turbidity": NTU,
    "flow": FLOW,
    "color": PT_CO,
    "ph": PH,
    "no3_n": _as_ion("N", ("NO3", 14007.0, 62005.0)),
    "no2_n": _as_ion("N", ("NO2", 14007.0, 46006.0)),
    "nh3_n": _as_ion("N", ("NH3", 14007.0, 17031.0), ("NH4", 14007.0, 18039.0)),
    "tn": _as_ion("N"),
    "tp": _as_ion("P", ("PO4", 30974.0, 94971.0)),
    "fcoli": MPN,
    "tcoli": MPN,
    "ecoli": CFU,
    "trash": COUNT,
    "gross_alpha": BECQUEREL,
    "gross_beta": BECQUEREL,
    **dict.fromkeys(PESTICIDES, UG_L),
}

_NOT_NEGATIVE: Final = Span(low=0.0)
_COLIFORM: Final = (Span(0.0, 1e11), Span(0.0, 1e9))
_NITROGEN: Final = (Span(0.0, 500.0), Span(0.0, 30.0))
# First the possible values, then the plausible ones.
_SPANS: Final[dict[str, tuple[Span | None, Span | None]]] = {
    "temp": (Span(0.0, 50.0), Span(18.0, 33.0)),
    "ph": (Span(0.0, 14.0), Span(5.0, 9.5)),
    "do": (Span(0.0, 25.0), Span(0.0, 12.0)),
    "ec": (Span(0.0, 60000.0), Span(30.0, 3000.0)),
    "turbidity": (Span(0.0, 10000.0), Span(0.0, 1000.0)),
    "tss": (Span(0.0, 50000.0), Span(0.0, 3000.0)),
    "bod": (Span(0.0, 20000.0), Span(0.0, 300.0)),
    "cod": (Span(0.0, 50000.0), Span(0.0, 1000.0)),
    "no3_n": _NITROGEN,
    "nh3_n": _NITROGEN,
    "fcoli": _COLIFORM,
    "tcoli": _COLIFORM,
    "air_temp": (Span(-90.0, 60.0), None),
    # Tidal rivers flow backwards; a background may be subtracted from a count of decays.
    "flow": (None, None),
    "gross_alpha": (None, None),
    "gross_beta": (None, None),
}

_DAY_MIN: Final = 1440


def _checks(spike: float, rate: float, tolerance: float) -> Checks:
    """Return thresholds that an operator has yet to fit to the station: they only suspect.

    Args:
        spike: Most distance from the mean of both neighbours, in the parameter's unit.
        rate: Most change in an hour, in the parameter's unit.
        tolerance: The values of a stuck instrument differ by less within two days.
    """
    return Checks(Threshold(spike), Threshold(rate), Flat(tolerance, 2 * _DAY_MIN))


# Wide: a storm muddies a river within an hour, and algae fill it with oxygen by noon.
_CHECKS: Final = {
    "temp": _checks(5.0, 5.0, 0.01),
    "ph": _checks(2.0, 2.0, 0.005),
    "do": _checks(6.0, 6.0, 0.01),
    "ec": _checks(1500.0, 1500.0, 0.1),
    "turbidity": _checks(1000.0, 1000.0, 0.01),
}

RELATIONS: Final = (
    Relation("bod_above_cod", ("bod", "cod"), lambda of, _: of["cod"] < of["bod"]),
    Relation("fcoli_above_tcoli", ("fcoli", "tcoli"), lambda of, _: of["fcoli"] > of["tcoli"]),
    Relation(
        "nitrogen_above_total",
        ("no2_n", "no3_n", "nh3_n", "tn"),
        lambda of, _: of["no2_n"] + of["no3_n"] + of["nh3_n"] > 1.1 * of["tn"],
    ),
    Relation(
        "tds_unlike_ec",
        ("tds", "ec"),
        lambda of, _: (of["tds"] < 0.4 * of["ec"]) | (of["tds"] > 0.9 * of["ec"]),
    ),
)
"""What contradicts itself.

Source:
    Own convention: domain rules, section D.
"""


def oxygen_above_saturation(saturation: Callable[[Floats, Floats], Floats]) -> Relation:
    """Return that of dissolved oxygen and temperature, above 1.5 times *saturation*.

    Args:
        saturation: Water temperature in °C and altitude in m -> mg/L in equilibrium with air.
    """
    return Relation(
        "do_above_saturation",
        ("do", "temp"),
        lambda of, altitude_m: (
            of["do"] > 1.5 * saturation(of["temp"], np.full_like(of["temp"], altitude_m))
        ),
    )


def build(*more: Relation) -> Catalogue:
    """Return the catalogue, its names read from `parameters.toml`.

    Args:
        more: What is computed by the formulas of an index.
    """
    words = tomllib.loads(files(__package__).joinpath("parameters.toml").read_text("utf-8"))
    parameters = []
    for code, entry in words.items():
        fail, suspect = _SPANS.get(code, (_NOT_NEGATIVE, None))
        conversions = _UNITS.get(code, MG_L)
        parameters.append(
            Parameter(
                code=code,
                names=entry["names"],
                unit=conversions[0].unit,
                conversions=conversions,
                # A grab sample stands for its day; the next is due in the next month.
                period="P1D",
                cadence="P1M",
                aliases=(*entry["names"].values(), *entry["aliases"]),
                fail=fail,
                suspect=suspect,
                source="Own convention: domain rules, section D",
                checks=_CHECKS.get(code, Checks()),
            )
        )
    return Catalogue("water", tuple(parameters), relations=(*RELATIONS, *more))
