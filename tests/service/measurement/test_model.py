"""Whatever is sent in whatever order, every read answers what a naive model says."""

from __future__ import annotations

import os

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import SecretStr

import kembar_air.app
import kembar_waste.app
from kembar_air.settings import AirSettings
from kembar_shared.chassis.database import connect
from kembar_shared.measurement import service
from kembar_waste.settings import WasteSettings
from kembar_water.app import domain_of
from kembar_water.settings import WaterSettings
from tests.loopback import PLAIN
from tests.service.measurement.sequences import steps
from tests.service.measurement.story import Story


@pytest.fixture(params=["waste", "water", "air"])
def served(request, database_url, serve, signing):
    """Serve one of the services on each database: its name, its clients, its database."""
    url = SecretStr(database_url)
    engine = connect(url, timeout_s=10)
    if request.param == "waste":
        chosen = WasteSettings(database_url=url)
        domain = kembar_waste.app.domain(chosen)
    elif request.param == "water":
        chosen = WaterSettings(database_url=url)
        domain = domain_of(chosen)
    else:
        chosen = AirSettings(database_url=url)
        domain = kembar_air.app.domain(chosen)
    sender = serve(
        service.build(chosen, domain, keys=signing.keys),
        token=signing.token("measurements:write measurements:read stations:write"),
    )
    token = signing.token("measurements:review", sub="reviewer", client_id="reviewer")
    headers = {"Authorization": f"Bearer {token}"}
    with httpx.Client(base_url=sender.base_url, headers=headers, timeout=30, **PLAIN) as reviewer:
        yield request.param, sender, reviewer, engine
    engine.dispose()


def follow(served, data: st.DataObject, most: int) -> None:
    kind, *others = served
    story = Story(kind, *others)
    for step in data.draw(steps(kind, most)):
        story.tell(step)
    story.compare(data.draw(st.sampled_from((3, 17, 1000))))


EXAMPLES = 25 if os.environ.get("KEMBAR_SOAK") == "1" else 12

_USUAL = {
    "deadline": None,
    "suppress_health_check": [*HealthCheck],
    "print_blob": True,
}


@settings(max_examples=EXAMPLES, **_USUAL)
@given(data=st.data())
def test_every_read_answers_what_the_model_says(served, data):
    follow(served, data, 7)


@pytest.mark.parametrize("database_url", ["cluster"], indirect=True)
@pytest.mark.parametrize("served", ["water"], indirect=True)
@settings(max_examples=EXAMPLES, **_USUAL)
@given(data=st.data())
def test_every_read_answers_the_same_by_the_statements_for_citus(served, data):
    follow(served, data, 7)


@pytest.mark.soak
@settings(max_examples=400, **_USUAL)
@given(data=st.data())
def test_every_read_answers_what_the_model_says_after_long_stories(served, data):
    follow(served, data, 25)
