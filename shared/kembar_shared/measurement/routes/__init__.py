"""The kernel's HTTP routes: what they take and answer; use cases and store do the work."""

from kembar_shared.measurement.routes import (
    catalogue,
    changes,
    figures,
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
    changes.router,
    reviews.router,
    figures.router,
    judgement.router,
    lineage.router,
    catalogue.router,
)

__all__ = ["ROUTERS"]
