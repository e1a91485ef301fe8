"""What features plug into the API."""

from fastapi import APIRouter

from app.core.registry import ExtensionPoint

ROUTES: ExtensionPoint[APIRouter] = ExtensionPoint(
    "api.routes", APIRouter, "Routers, which the application includes as they are."
)

PROBES: ExtensionPoint[str] = ExtensionPoint(
    "api.probes",
    str,
    "Paths, with those below, that machines ask every few seconds: not in the log, and asked by address.",
)
