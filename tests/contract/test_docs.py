"""The manual says what the code does."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path

from kembar_air import catalogue as air
from kembar_shared.measurement import thresholds
from kembar_waste import catalogue as waste
from kembar_water import catalogue as water

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


def test_the_manual_names_every_threshold_as_it_is():
    page = (ROOT / "docs" / "quality-control.md").read_text(encoding="utf-8")
    parameters = [p for m in (air, water, waste) for p in m.build().parameters]
    rows = {
        f"| `{p.code}` | {p.checks.spike.suspect:g} | {p.checks.rate.suspect:g} "
        f"| {p.checks.flat.tolerance:g}, P{p.checks.flat.suspect_min // 1440}D |"
        for p in parameters
        if p.checks.spike and p.checks.rate and p.checks.flat
    }
    tested = [p for p in parameters if p.checks.spike or p.checks.rate or p.checks.flat]

    assert len(rows) == len(tested) > 0
    assert {line for line in page.splitlines() if re.search(r", P[0-9]+D \|$", line)} == rows


def test_the_manual_names_every_relation_and_its_example_can_be_read():
    page = (ROOT / "docs" / "quality-control.md").read_text(encoding="utf-8")
    relations = (*water.RELATIONS, water.oxygen_above_saturation(lambda t, _: t), *air.RELATIONS)
    (example,) = re.findall(r"```toml\n(.*?)```", page, re.DOTALL)
    entries = [f"[[check]]{entry}" for entry in example.split("[[check]]")[1:]]

    assert [r.code for r in relations if f"| `{r.code}` |" not in page] == []
    assert len(entries) == 3
    for catalogue, entry in zip((water, water, waste), entries, strict=True):
        thresholds.overridden(catalogue.build(), entry)
