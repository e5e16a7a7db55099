"""What the partner's feed is told of a change of the register: the entry, and each target of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from kembar_gateway.feed import News
from kembar_gateway.reckoning import targets
from kembar_gateway.reckoning.targets import Known
from kembar_gateway.register.judging import Indicator

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kembar_gateway.entries import Version

REGISTER: Final = "register-changed"
TARGET: Final = "target-changed"


def of_change(before: Version | None, version: Version) -> Iterator[News]:
    """Yield what is told of a version of an entry.

    News of the register belong to a cooperation, and never to whoever has an indicator of the
    same code: so the indicator stands in the detail alone.

    Args:
        before: The version that it follows; None where the entry is new.
        version: The new one.
    """
    former, members = before.members if before else {}, version.members
    detail = {
        "kind": version.kind,
        "code": version.code,
        "version": version.version,
        "digest": version.digest,
        "members": [name for name in members if members[name] != former.get(name)],
        "reason": version.reason,
    }
    yield News(REGISTER, detail, cooperation=version.cooperation)
    if version.kind != "indicators":
        return
    known = [_known(each) for each in (before, version) if each is not None]
    for revision in targets.revisions(known):
        if revision.version == version.version:
            told = {
                "indicator": version.code,
                "period": revision.period,
                "value": revision.value,
                "former": revision.former,
                "version": version.version,
                "reason": version.reason,
            }
            yield News(TARGET, told, cooperation=version.cooperation)


def _known(version: Version) -> Known:
    indicator = Indicator.model_validate_json(version.body)
    at, by = version.valid_from, version.changed_by
    return Known(indicator, version.version, at, by, version.reason)
