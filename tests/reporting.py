"""A report made in memory, of the packaged register and a few figures, signed by keys of ours."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from functools import cache

from joserfc.jwk import OKPKey

from kembar_gateway import signatures, trends
from kembar_gateway.reckoning.terms import terms_of
from kembar_gateway.register import profile
from kembar_gateway.register.book import Register
from kembar_gateway.register.judging import SERVICE
from kembar_gateway.reports import bundle, content, facts, making
from kembar_gateway.reports.content import Heard, Request, Stored
from kembar_gateway.shelves import Shelf
from kembar_gateway.wire import Figure, Origin, Period, State
from kembar_shared.chassis.messages import Messages

AT = datetime(2026, 11, 24, 9, 0, 0, 123456, tzinfo=UTC)
COOPERATION = "bandung-kawasaki"
TEXTS = making.texts_of(Messages.of("kembar_shared.chassis", "kembar_gateway"))


@cache
def _profile() -> Register:
    return profile.load(None)


def new_key() -> OKPKey:
    """Make a key whose id is its thumbprint, as the gateway's are."""
    return OKPKey.generate_key("Ed25519", private=True, auto_kid=True)


def figure(indicator: str, period: str, value: float | None, **members: object) -> Figure:
    """Make a figure of Bandung."""
    usual = {
        "indicator": indicator,
        "jurisdiction": "bandung",
        "period": period,
        "value": value,
        "unit": {"waste.generated": "t", "air.pm25_mean": "µg/m³"}.get(indicator, "1"),
        "state": State.INSUFFICIENT if value is None else State.OK,
        "numerator": None if value is None else value * 30,
        "denominator": None if value is None else 30.0,
        "n": 30,
        "expected": 30.0,
        "coverage": 0.3 if value is None else 1.0,
        "origin": Origin.REAL,
        "method": "m@1",
        "stations": ("S-2", "S-1"),
        "digest": f"d-{indicator}-{period}",
    }
    return Figure(**{**usual, **members})


FIGURES = (
    *(figure("air.ispu_good_share", f"2023-{m:02}", m / 30) for m in range(1, 13)),
    figure("air.pm25_mean", "2023", 41.7, origin=Origin.STAND_IN),
    *(figure("waste.generated", f"2023-{m:02}", 40000.5 + m) for m in range(1, 11)),
    figure("waste.generated", "2023", 480000.0),
    figure("water.pollution_index", "2023", None),
    figure("air.ispu_good_share", "2022-12", 0.9),
)


def made(
    figures: tuple[Figure, ...] = FIGURES,
    period: str = "2023",
    *,
    number: int = 1,
    at: datetime = AT,
    restatement: dict | None = None,
    disrupted: dict | None = None,
    terms: dict | None = None,
) -> tuple[dict, dict]:
    """Return document, without digests, and inputs."""
    known = _profile()
    wanted = Request(
        code=making.code_of(COOPERATION, Period.parse(period), number),
        cooperation=COOPERATION,
        period=Period.parse(period),
        this_month=known.this_month(COOPERATION, at),
        generated_at=at,
        publisher="https://kembar.example",
        organisation="",
    )
    indicators = known.indicators_of(COOPERATION)
    stored = [Stored(each.indicator.partition(".")[0], AT, each) for each in figures]
    stored += [Stored(SERVICE, None, each) for each in known.published_figures_of(COOPERATION)]
    today = known.today(COOPERATION, at)
    reckoned = [each for each in indicators if each.is_reckoned]
    measured = [each for each in indicators if not each.is_reckoned]
    by_code: dict[str, list[Figure]] = {}
    for each in stored:
        by_code.setdefault(each.figure.indicator, []).append(each.figure)
    shelf = Shelf(known, COOPERATION, by_code, {}, at)
    inputs = content.inputs_of(
        wanted,
        indicators,
        stored,
        {each.code: terms_of(known, each, wanted.period, today=today) for each in reckoned}
        | (terms or {}),
        disrupted or {},
        [content.series_of(e.code, e.direction, trends.points(shelf, e)) for e in measured],
    )
    document = content.document_of(
        wanted,
        inputs=inputs,
        facts=facts.facts_of(known, COOPERATION, today=at.date()),
        indicators=[facts.indicator_of(each) for each in indicators],
        trends={
            code: trends.shown(found).model_dump(mode="json")
            for code, found in trends.concluded(shelf).items()
        },
        heard=[Heard("water", AT, stale=False), Heard("air", None, stale=True)],
        texts=TEXTS,
        restatement=restatement,
    )
    return document, inputs


def signature_of(report: bytes, key: OKPKey, *, at: datetime = AT, **members: object) -> dict:
    """Sign a report; return signature and key as `bundle` takes them."""
    signed = signatures.sign(report, key, at=at)
    jwk = {**signed.pop("jwk"), "alg": "Ed25519", "use": "report", **members}
    return {**signed, "jwk": jwk}


def packed(key: OKPKey, *, partner: OKPKey | None = None, **arguments) -> dict[str, bytes]:
    """Return the files of a signed bundle."""
    document, inputs = made(**arguments)
    files = bundle.files_of(document, inputs)
    report = content.sealed(document, bundle.digests_of(files))
    signed = [signature_of(report, key, role="publisher")]
    if partner is not None:
        signed.append(signature_of(report, partner, role="countersigner", party="kawasaki"))
    return files | {
        bundle.REPORT: report,
        bundle.SIGNATURES: bundle.signatures_file(signed),
        bundle.KEYS: bundle.keys_file([each["jwk"] for each in signed]),
    }


def envelope(files: dict[str, bytes]) -> bytes:
    """Return the same as one JSON document."""
    signed = json.loads(files[bundle.SIGNATURES])["signatures"]
    keys = json.loads(files[bundle.KEYS])["keys"]
    return bundle.envelope(files[bundle.REPORT], files[bundle.INPUTS], signed, keys)
