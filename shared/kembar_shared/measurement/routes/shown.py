"""How measurements and instants are answered."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from kembar_shared.measurement import periods
from kembar_shared.measurement.uploads import SENT_MARK

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from kembar_shared.measurement.indicators import Domain


def rfc3339(instant: datetime) -> str:
    """Return an instant in UTC as text."""
    return instant.isoformat().replace("+00:00", "Z")


def version_answer(row: Mapping[str, Any], domain: Domain) -> dict[str, Any]:
    """Return one version of a measurement as it is answered."""
    instant = periods.instant_of_us(row["time_us"])
    local = instant.astimezone(ZoneInfo(row["timezone"]))
    parameter = domain.catalogue.by_code[row["parameter"]]
    sent_value, _, sent_unit = (row["sent"] or "").partition(SENT_MARK)
    extra = json.loads(row["extra"]) if row["extra"] else {}
    return {
        "station": row["station"],
        "parameter": row["parameter"],
        "material": row["material"] or None,
        "source": row["source"] or None,
        "time": rfc3339(instant),
        "time_local": local.replace(tzinfo=None).isoformat(),
        "utc_offset": _offset(local),
        "value": row["value"],
        "unit": parameter.unit,
        "sent_value": sent_value or row["value"],
        "sent_unit": sent_unit or parameter.unit,
        "qualifier": row["qualifier"],
        "limit": row["limit_value"],
        "period": extra.get("period") or parameter.period,
        "flag": row["flag"],
        "revision": row["revision"],
        "origin": row["origin"],
        "upload": row["upload"],
        "line": row["line"],
        "method": extra.get("method"),
        "depth_m": extra.get("depth_m"),
        "note": extra.get("note"),
    }


def _offset(local: datetime) -> str:
    text = local.strftime("%z")
    return f"{text[:3]}:{text[3:5]}"
