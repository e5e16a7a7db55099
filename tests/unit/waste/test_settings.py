from kembar_waste.settings import WasteSettings


def test_waste_listens_where_the_gateway_looks_for_it(monkeypatch):
    monkeypatch.delenv("KEMBAR_WASTE_PORT", raising=False)

    assert WasteSettings().port == 8001


def test_the_environment_says(monkeypatch):
    monkeypatch.setenv("KEMBAR_WASTE_PORT", "9001")

    assert WasteSettings().port == 9001
