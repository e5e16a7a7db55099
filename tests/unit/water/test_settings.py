import pytest
from pydantic import ValidationError

from kembar_water.settings import WaterSettings


def test_saturation_is_computed_and_four_parameters_needed_unless_said(monkeypatch):
    monkeypatch.delenv("KEMBAR_WATER_DO_SATURATION_MG_L", raising=False)
    monkeypatch.delenv("KEMBAR_WATER_POLLUTION_INDEX_LEAST_PARAMETERS", raising=False)
    monkeypatch.delenv("KEMBAR_WATER_PORT", raising=False)

    settings = WaterSettings()
    assert (settings.do_saturation_mg_l, settings.pollution_index_least_parameters) == (None, 4)
    assert settings.port == 8002


def test_the_environment_says(monkeypatch):
    monkeypatch.setenv("KEMBAR_WATER_DO_SATURATION_MG_L", "8")
    monkeypatch.setenv("KEMBAR_WATER_POLLUTION_INDEX_LEAST_PARAMETERS", "6")
    monkeypatch.setenv("KEMBAR_WATER_STORET_COUNT_BASIS", "parameters")

    settings = WaterSettings()
    assert (settings.do_saturation_mg_l, settings.pollution_index_least_parameters) == (8.0, 6)
    assert settings.storet_count_basis == "parameters"


@pytest.mark.parametrize("value", ["0", "-1", "nan", "inf", "eight"])
def test_a_saturation_that_water_cannot_have_is_refused(monkeypatch, value):
    monkeypatch.setenv("KEMBAR_WATER_DO_SATURATION_MG_L", value)

    with pytest.raises(ValidationError):
        WaterSettings()


def test_storet_counts_samples_or_parameters_and_nothing_else(monkeypatch):
    monkeypatch.delenv("KEMBAR_WATER_STORET_COUNT_BASIS", raising=False)
    assert WaterSettings().storet_count_basis == "samples"

    monkeypatch.setenv("KEMBAR_WATER_STORET_COUNT_BASIS", "stations")
    with pytest.raises(ValidationError):
        WaterSettings()


def test_a_child_gets_the_settings_that_its_parent_was_given(monkeypatch, tmp_path):
    monkeypatch.setenv("KEMBAR_WATER_DO_SATURATION_MG_L", "8")
    issuer = {
        "name": "city", "issuer": "https://a", "jwks_url": "https://a/keys", "audience": "kembar",
        "algorithms": ["ES256"],
    }  # fmt: skip
    given = WaterSettings(
        database_url="postgresql://kembar@db/water", checks_file=tmp_path / "a b.toml",
        do_saturation_mg_l=None, rate_per_s=0.5, issuers=(issuer,), quality_period_s=7,
    )  # fmt: skip
    environment = given.environment()
    for name in ("DATABASE_URL", "DO_SATURATION_MG_L", "CHECKS_FILE"):
        monkeypatch.delenv(f"KEMBAR_WATER_{name}", raising=False)
    for variable, value in environment.items():
        if variable.startswith("KEMBAR_"):
            monkeypatch.setenv(variable, value)

    assert WaterSettings() == given
    assert environment["PATH"]
