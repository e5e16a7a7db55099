import pytest
from pydantic import ValidationError
from pydantic_settings import SettingsConfigDict

from kembar_shared.chassis.settings import Settings


class WellSettings(Settings):
    model_config = SettingsConfigDict(env_prefix="KEMBAR_WELL_", frozen=True)


def test_a_service_reads_its_own_prefix_and_nothing_else(monkeypatch):
    monkeypatch.setenv("KEMBAR_WELL_PORT", "8123")
    monkeypatch.setenv("KEMBAR_PORT", "8124")

    assert WellSettings().port == 8123
    assert Settings().port == 8124


def test_settings_do_not_change():
    with pytest.raises(ValidationError):
        Settings().port = 1


def test_every_setting_is_explained():
    assert [name for name, field in Settings.model_fields.items() if not field.description] == []


def test_a_secret_is_never_shown(monkeypatch):
    secret = "postgresql://kembar:hush@db/kembar"
    monkeypatch.setenv("KEMBAR_WELL_DATABASE_URL", secret)
    assert "hush" not in repr(WellSettings())

    monkeypatch.setenv("KEMBAR_WELL_PORT", "hush")
    with pytest.raises(ValidationError) as refusal:
        WellSettings()
    assert "hush" not in str(refusal.value)


def test_the_issuers_keys_are_looked_for_where_it_publishes_them():
    assert (
        Settings(issuer="https://kembar.example/").keys_url
        == "https://kembar.example/.well-known/jwks.json"
    )
    assert Settings(jwks_url="http://127.0.0.1:1/keys").keys_url == "http://127.0.0.1:1/keys"
