"""The kernel's HTTP routes: what they take and answer; use cases and store do the work."""

from kembar_shared.measurement.routes import (
    catalogue,
    changes,
    figures,
    findings,
    judgement,
    lineage,
    measurements,
    reviews,
    stations,
    uploads,
)

ROUTERS = (
    uploads.router,
    stations.router,
    measurements.router,
    findings.router,
    changes.router,
    reviews.router,
    figures.router,
    judgement.router,
    lineage.router,
    catalogue.router,
)

__all__ = ["ROUTERS"]
