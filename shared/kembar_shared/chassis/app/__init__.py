"""Assemble an app from a service's routes: what every answer has in common is added here."""

from kembar_shared.chassis.app.assembly import assemble

__all__ = ["assemble"]
