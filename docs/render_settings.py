"""Write the table of settings in docs/operations.md from the settings classes."""

from __future__ import annotations

import sys
from pathlib import Path

from kembar_air.settings import AirSettings
from kembar_gateway.settings import GatewaySettings
from kembar_shared.chassis.settings import Settings
from kembar_shared.measurement.settings import ServiceSettings
from kembar_waste.settings import WasteSettings
from kembar_water.settings import WaterSettings

PAGE = Path(__file__).parent / "operations.md"
MARK = "<!-- settings: written by docs/render_settings.py -->\n"
OWN: tuple[type[Settings], ...] = (GatewaySettings, WasteSettings, WaterSettings, AirSettings)


def table() -> str:
    """Return the settings as a Markdown table; a service's own follow those of all."""
    lines = ["| variable | default | meaning |", "|---|---|---|"]
    lines += [_line("KEMBAR_<SERVICE>_", name, Settings) for name in Settings.model_fields]
    of_services = [n for n in ServiceSettings.model_fields if n not in Settings.model_fields]
    lines += [_line("KEMBAR_<SERVICE>_", name, ServiceSettings) for name in of_services]
    shared = {*Settings.model_fields, *ServiceSettings.model_fields}
    for kind in OWN:
        prefix = str(kind.model_config["env_prefix"])
        own = (name for name in kind.model_fields if name not in shared)
        lines += [_line(prefix, name, kind) for name in own]
    return "\n".join(lines) + "\n"


def _line(prefix: str, name: str, kind: type[Settings]) -> str:
    field = kind.model_fields[name]
    default = "" if field.default is None else str(field.default)
    if "Secret" in str(field.annotation):
        default = field.default.get_secret_value()
    return f"| `{prefix}{name.upper()}` | `{default}` | {field.description} |"


def rendered(page: str) -> str:
    """Return *page* with a fresh table after its mark."""
    return page.partition(MARK)[0] + MARK + table()


if __name__ == "__main__":
    PAGE.write_text(rendered(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
    sys.exit(0)
