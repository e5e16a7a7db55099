"""The shares that the service publishes, and which masses each of them counts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, NamedTuple

REDUCED: Final = ("recycled", "composted", "reused")
ENDED: Final = ("incinerated", "landfilled")
"""Final steps of handling. What is sorted, collected or received is on its way to one of them."""

TREATED: Final = "treated"
RESOURCED: Final = ("recycled_directly", "recovered_by_treatment", "group_collected")
"""Japan's three ways to recycling. They and `treated` are the same waste counted another way."""


class Basis(NamedTuple):
    """What distinguishes the numbers of two shares, as of `Rate`."""

    parts: tuple[str, ...]
    whole: tuple[str, ...]
    needs: tuple[tuple[str, ...], ...]
    controlled: tuple[str, ...]


@dataclass(frozen=True)
class Rate:
    """A share of what was generated, or of another mass.

    Attributes:
        indicator: Its code.
        method: Its identifier before an operator's rows.
        parts: Parameters added up; each tonne has one of them as its final step.
        needs: Of each of these groups a jurisdiction has to report one in the period, or there is
            figure with a number.
        controlled: Of the parts, those that count only at facilities known to be controlled.
        verified: Whether the formula was seen in the text of its source.
        whole: Parameters that are added up and divided by.
        names_missing: Whether there is a figure without a number where a need is not reported.
    """

    indicator: str
    method: str
    parts: tuple[str, ...]
    needs: tuple[tuple[str, ...], ...]
    controlled: tuple[str, ...] = ()
    verified: bool = True
    whole: tuple[str, ...] = ("generated",)
    names_missing: bool = False

    @property
    def basis(self) -> Basis:
        """What its numbers are made from."""
        return Basis(self.parts, self.whole, self.needs, self.controlled)


RATES: Final = (
    Rate("waste.sorted_share", "kembar/sorted-share@3", ("sorted",), (("sorted",),)),
    Rate("waste.recovery_share", "kembar/recovery-share@3", REDUCED, (REDUCED,)),
    Rate("waste.reduction_rate", "kembar/reduction-rate@3", REDUCED, (REDUCED,)),
    Rate("waste.handling_rate", "kembar/handling-rate@3", ENDED, (ENDED,)),
    Rate(
        "waste.managed_rate_sipsn",
        "kembar/managed-rate-sipsn@3",
        (*REDUCED, *ENDED),
        (REDUCED, ENDED),
    ),
    Rate(
        "waste.managed_rate_rpjmn",
        "kembar/managed-rate-rpjmn@3",
        (*REDUCED, *ENDED),
        (REDUCED, ENDED),
        controlled=("landfilled",),
        verified=False,
    ),
    Rate(
        "waste.diversion_rate",
        "kembar/diversion-rate@3",
        ("recycled", "composted"),
        (("recycled", "composted"),),
        verified=False,
    ),
    Rate(
        "waste.sdg_11_6_1",
        "kembar/sdg-11-6-1@3",
        ("recycled", "composted", *ENDED),
        (ENDED,),
        controlled=("recycled", "composted", *ENDED),
    ),
    Rate(
        "waste.sdg_12_5_1",
        "kembar/sdg-12-5-1@3",
        ("recycled", "composted"),
        (("recycled", "composted"),),
        verified=False,
    ),
    Rate(
        "waste.recycling_rate_jp",
        "kembar/recycling-rate-jp@2",
        RESOURCED,
        tuple((parameter,) for parameter in (TREATED, *RESOURCED)),
        whole=(TREATED, "group_collected"),
        names_missing=True,
    ),
)
"""All shares the service publishes.

Reduction is what was recycled, composted or used again; what was never generated is not measured.
Handling is what was incinerated or landfilled: its other components are steps on the way there.
`residual` is what treatment leaves, on its way to one of these, and so in no share; what a
treatment took counts less its residue, as nothing tells ash from other waste landfilled.
Diversion and SDG 12.5.1 leave out what was used again, which is no treatment of waste; they are
the same masses, as digested waste and waste fed to larvae have no parameter of their own and are
`composted`.
SDG 11.6.1 counts what ended in a facility whose control is known; of waste used again none did.
Japan's rate has masses of its own, as `recycled` does not tell the way it took, and what was
incinerated may be landfilled as ash. A city without group collection says so with a zero.
"""
