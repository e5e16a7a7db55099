from datetime import date

import polars as pl
import pytest

from kembar_shared.measurement.indicators import DAYS_SCHEMA, HOURS_SCHEMA, INDEX_SCHEMA
from kembar_shared.measurement.vocabulary import Grain
from kembar_waste.app import domain
from kembar_waste.indicators import balances
from kembar_waste.indices.claims import ClaimsOverlap, ClaimsUnfit
from kembar_waste.settings import WasteSettings
from tests.unit.waste.days import frame, year

CLAIM = """
    [[claim]]
    programme = "{programme}"
    station = "TPS-01"
    route = "composted"
    from = 2025-01-01
    to = 2026-01-01
"""
NO_DAYS = pl.DataFrame(schema=DAYS_SCHEMA)
NO_HOURS = pl.DataFrame(schema=HOURS_SCHEMA)


def avoided(waste):
    found = waste.figures(frame(year("composted", material="organic")))
    return next(figure for figure in found if figure.indicator == "waste.avoided_tco2e")


def test_the_service_is_its_catalogue_its_figures_and_its_standards():
    waste = domain(WasteSettings())

    assert waste.service == waste.catalogue.service == "waste"
    assert (waste.window, waste.judged_by) == (Grain.YEAR, "jurisdiction")
    assert waste.figures(NO_DAYS) == []
    assert waste.indices(NO_DAYS, NO_HOURS).schema == INDEX_SCHEMA
    assert waste.verdicts(NO_DAYS, pl.DataFrame(schema=INDEX_SCHEMA)).is_empty()
    assert {limit.standard for limit in waste.standards.limits} == {
        "perpres-97-2017", "perpres-12-2025"
    }  # fmt: skip


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("gwp_set", "AR6"),
        ("docf_set", "2019"),
        ("horizon_years", 30),
        ("disposal_mcf", "unmanaged_deep"),
        ("climate", "dry"),
    ],
)
def test_every_choice_is_a_rule_and_named_by_the_method(name, value):
    chosen, usual = domain(WasteSettings(**{name: value})), domain(WasteSettings())

    assert chosen.rules != usual.rules
    assert avoided(chosen).method != avoided(usual).method


def test_the_next_version_of_a_formula_is_another_rule():
    rules = domain(WasteSettings()).rules

    made = {figure.method for figure in domain(WasteSettings()).figures(frame(year()))}
    assert all(method in rules for method in {balances.METHOD, *made})
    assert "kembar/recycling-rate-jp@2" in rules


def test_an_operator_s_claims_are_read_and_are_a_rule(tmp_path):
    file = tmp_path / "programmes.toml"
    file.write_text(CLAIM.format(programme="kang-pisman"))

    waste = domain(WasteSettings(programmes_file=file))
    figure = avoided(waste)
    assert figure.detail["by_programme"] == {"kang-pisman": figure.value}
    assert "kang-pisman" in waste.rules


@pytest.mark.parametrize(
    ("text", "error"),
    [
        (None, ClaimsUnfit),
        ("[[claim]]", ClaimsUnfit),
        (CLAIM.format(programme="a") + CLAIM.format(programme="b"), ClaimsOverlap),
    ],
)
def test_a_file_of_claims_that_cannot_be_used_is_named(tmp_path, text, error):
    file = tmp_path / "programmes.toml"
    if text is not None:
        file.write_text(text)

    with pytest.raises(error, match=r"programmes\.toml"):
        domain(WasteSettings(programmes_file=file))


def test_the_service_judges_by_the_rows_of_the_operator_s_file(tmp_path):
    file = tmp_path / "standards.toml"
    file.write_text(
        "[[factor]]\nstandard = 'ipcc-2006'\nsubject = 'food'\nquantity = 'doc'\nvalue = 0.18\n"
        "valid_from = 2026-01-01\n"
    )

    rows = domain(WasteSettings(standards_file=file)).standards
    assert rows.factor("ipcc-2006", "food", "doc", date(2026, 6, 1)).value == 0.18
    assert [row.value for row in rows.own] == [0.18]


def test_every_figure_and_index_names_amended_completeness_in_its_method(tmp_path):
    file = tmp_path / "standards.toml"
    file.write_text(
        '[[factor]]\nstandard = "kembar-completeness"\nsubject = "year"\n'
        'quantity = "least_share"\nvalue = 0.5\nvalid_from = 2020-01-01\n'
    )
    rows = frame(
        year("generated"),
        year("recycled", material="organic"),
        year("received"),
        year("trips"),
        year("population"),
    )
    found = {}
    for chosen in (WasteSettings(), WasteSettings(standards_file=file)):
        waste = domain(chosen)
        made = [figure.method for figure in waste.figures(rows)]
        made += waste.indices(rows, NO_HOURS)["method"].to_list()
        found[chosen.standards_file] = made

    assert found[None]
    for usual, amended in zip(found[None], found[file], strict=True):
        assert amended.startswith(usual + "+")
