import pytest
from pydantic import ValidationError

from kembar_air.settings import AirSettings


def test_the_ministrys_reading_is_the_default(monkeypatch):
    monkeypatch.delenv("KEMBAR_AIR_ISPU_READING", raising=False)

    assert AirSettings().ispu_reading == "banded"


def test_air_listens_where_the_gateway_looks_for_it(monkeypatch):
    monkeypatch.delenv("KEMBAR_AIR_PORT", raising=False)

    assert AirSettings().port == 8003


def test_the_environment_says(monkeypatch):
    monkeypatch.setenv("KEMBAR_AIR_ISPU_READING", "anchored")

    assert AirSettings().ispu_reading == "anchored"


def test_a_reading_that_does_not_exist_is_refused(monkeypatch):
    monkeypatch.setenv("KEMBAR_AIR_ISPU_READING", "nearest")

    with pytest.raises(ValidationError):
        AirSettings()
