"""Who may call what, written by hand: every operation of the four processes, and every role."""

from __future__ import annotations

import itertools

PUBLIC = "no token"
ANY_TOKEN = "any token"
EVERY_METHOD = ("DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT")

PROCESS = {
    ("GET", "/livez"): PUBLIC,
    ("GET", "/readyz"): PUBLIC,
    ("GET", "/metrics"): {"metrics:read"},
    ("GET", "/v1/audit"): {"audit:read"},
    ("GET", "/openapi.json"): PUBLIC,
    ("GET", "/docs"): PUBLIC,
    ("GET", "/docs/{name}"): PUBLIC,
}
SERVICE = PROCESS | {
    ("POST", "/v1/uploads"): {"measurements:write"},
    ("GET", "/v1/uploads/{code}"): {"measurements:write", "measurements:read"},
    ("GET", "/v1/uploads/{code}/rejections"): {"measurements:write", "measurements:read"},
    ("GET", "/v1/stations"): ANY_TOKEN,
    ("GET", "/v1/stations/{code}"): ANY_TOKEN,
    ("POST", "/v1/stations"): {"stations:write"},
    ("PATCH", "/v1/stations/{code}"): {"stations:write"},
    ("GET", "/v1/parameters"): ANY_TOKEN,
    ("GET", "/v1/standards"): ANY_TOKEN,
    ("GET", "/v1/measurements"): {"measurements:read"},
    ("GET", "/v1/measurements/latest"): {"measurements:read"},
    ("GET", "/v1/findings"): {"measurements:read"},
    ("GET", "/v1/changes"): {"measurements:read"},
    ("GET", "/v1/reviews"): {"measurements:read"},
    ("POST", "/v1/reviews"): {"measurements:review"},
    ("POST", "/v1/uploads/{code}/retraction"): {"measurements:write"},
    ("GET", "/v1/rollups"): {"measurements:read"},
    ("GET", "/v1/indices"): {"measurements:read"},
    ("GET", "/v1/compliance"): {"measurements:read"},
    ("GET", "/v1/indicators"): {"indicators:read", "outcomes:read"},
    ("GET", "/v1/lineage"): {"indicators:read", "outcomes:read"},
    ("GET", "/v1/uploads/{code}/figures"): {"measurements:read"},
}
KINDS = (
    "cooperations",
    "parties",
    "agreements",
    "focus-areas",
    "programmes",
    "activities",
    "commitments",
    "contributions",
    "budget-lines",
    "exchange-rates",
    "pilots",
    "indicators",
    "disruptions",
    "evaluations",
    "decisions",
    "interventions",
)
APART = ("commitments", "indicators")
OF_THE_SAME_MAKE = tuple(
    f"/v1/{kind}" for kind in KINDS if kind not in {"commitments", "indicators"}
)
"""Kinds that are served by the same functions as the two that are not here."""

GATEWAY = (
    PROCESS
    | {
        ("GET", "/"): PUBLIC,
        ("GET", "/register"): PUBLIC,
        ("GET", "/static/page.css"): PUBLIC,
        ("POST", "/oauth/token"): PUBLIC,
        ("GET", "/.well-known/jwks.json"): PUBLIC,
        ("GET", "/.well-known/kembar-revocations"): PUBLIC,
        ("GET", "/.well-known/oauth-authorization-server"): PUBLIC,
        ("GET", "/v1/clients"): {"clients:manage"},
        ("POST", "/v1/clients"): {"clients:manage"},
        ("GET", "/v1/clients/{client_id}"): {"clients:manage"},
        ("PATCH", "/v1/clients/{client_id}"): {"clients:manage"},
        ("POST", "/v1/clients/{client_id}/secret"): {"clients:manage"},
    }
    | {
        (method, f"/v1/{kind}"): {scope}
        for kind in KINDS
        for method, scope in (("GET", "outcomes:read"), ("POST", "register:write"))
    }
    | {
        ("GET", "/v1/{kind}/{code}"): {"outcomes:read"},
        ("PATCH", "/v1/{kind}/{code}"): {"register:write"},
        ("GET", "/v1/{kind}/{code}/versions"): {"outcomes:read"},
        ("GET", "/v1/indicators/{code}/targets"): {"outcomes:read"},
        ("GET", "/v1/programmes/{code}/whole"): {"outcomes:read"},
        ("GET", "/v1/realisation"): {"outcomes:read"},
        ("GET", "/v1/budget"): {"outcomes:read"},
        ("GET", "/v1/assistance"): {"outcomes:read"},
        ("GET", "/v1/effects"): {"outcomes:read"},
        ("GET", "/v1/composition"): {"outcomes:read"},
        ("GET", "/v1/merits"): {"outcomes:read"},
        ("GET", "/v1/emissions"): {"outcomes:read"},
        ("GET", "/v1/overdue"): {"outcomes:read"},
        ("GET", "/v1/audit-sample"): {"audit:read"},
        ("GET", "/v1/evidence"): {"outcomes:read"},
        ("PUT", "/v1/evidence/{sha256}"): {"register:write"},
        ("GET", "/v1/evidence/{sha256}"): {"outcomes:read"},
        ("GET", "/v1/outcomes"): {"outcomes:read"},
        ("GET", "/v1/outcomes/{indicator}/lineage"): {"outcomes:read"},
        ("GET", "/v1/changes"): {"outcomes:read"},
        ("POST", "/v1/reports"): {"reports:publish"},
        ("POST", "/v1/reports/{code}/review"): {"reports:publish", "register:write"},
        ("POST", "/v1/reports/{code}/publish"): {"reports:publish"},
        ("POST", "/v1/reports/{code}/countersignatures"): {"outcomes:read"},
        # What is published is for everybody; the rest is not found without a token that suffices.
        ("GET", "/v1/reports"): PUBLIC,
        ("GET", "/v1/reports/{code}"): PUBLIC,
        ("GET", "/v1/reports/{code}.json"): PUBLIC,
        ("GET", "/v1/reports/{code}.csv"): PUBLIC,
        ("GET", "/v1/reports/{code}.xml"): PUBLIC,
        ("GET", "/v1/reports/{code}.zip"): PUBLIC,
        ("GET", "/v1/webhooks"): {"clients:manage"},
        ("POST", "/v1/webhooks"): {"clients:manage"},
        ("GET", "/v1/webhooks/{code}"): {"clients:manage"},
        ("PATCH", "/v1/webhooks/{code}"): {"clients:manage"},
        ("GET", "/v1/webhooks/{code}/deliveries"): {"clients:manage"},
        ("POST", "/v1/webhooks/{code}/replay"): {"clients:manage"},
        ("GET", "/v1/partner-keys"): {"outcomes:read", "clients:manage"},
        ("POST", "/v1/partner-keys"): {"clients:manage"},
        ("POST", "/v1/partner-keys/{kid}/withdrawal"): {"clients:manage"},
    }
    # The services behind the door check the token themselves.
    | {
        (method, f"/{name}/{{path:path}}"): PUBLIC
        for method, name in itertools.product(EVERY_METHOD, ("waste", "water", "air"))
    }
)
TABLES = {"waste": SERVICE, "water": SERVICE, "air": SERVICE, "gateway": GATEWAY}
ROLES = {
    "field-agent": {"measurements:write", "measurements:read"},
    "reviewer": {"measurements:read", "measurements:review"},
    "operator": {"stations:write", "measurements:write", "measurements:read"},
    "planner": {"register:write", "outcomes:read"},
    "partner": {"outcomes:read"},
    "overseer": {"outcomes:read", "measurements:read", "audit:read"},
    "scraper": {"metrics:read"},
    "gateway": {"indicators:read"},
    "admin": {"clients:manage", "reports:publish", "audit:read"},
}
