"""The manual says what the code does."""

from __future__ import annotations

import importlib.util
from pathlib import Path

ROOT = Path(__file__).parents[2]


def renderer(name):
    spec = importlib.util.spec_from_file_location(name, ROOT / "docs" / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_every_limit_and_factor_is_in_the_manual():
    render = renderer("render_standards")

    assert render.PAGE.read_text(encoding="utf-8") == render.render(), (
        "run docs/render_standards.py"
    )


def test_every_setting_is_in_the_manual():
    render = renderer("render_settings")
    page = render.PAGE.read_text(encoding="utf-8")

    assert page == render.rendered(page), "run docs/render_settings.py"
    assert "| None |" not in page, "a setting has no description"
