"""The manual says what the code does."""

from __future__ import annotations

import importlib.util
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_every_setting_is_in_the_manual():
    place = ROOT / "docs" / "render_settings.py"
    spec = importlib.util.spec_from_file_location("render_settings", place)
    render = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(render)
    page = render.PAGE.read_text(encoding="utf-8")

    assert page == render.rendered(page), "run docs/render_settings.py"
    assert "| None |" not in page, "a setting has no description"
