"""The kernel's HTTP routes: what they take and answer; use cases and store do the work."""

from kembar_shared.measurement.routes import catalogue, figures, measurements, stations, uploads

ROUTERS = (
    uploads.router,
    stations.router,
    measurements.router,
    figures.router,
    catalogue.router,
)

__all__ = ["ROUTERS"]
