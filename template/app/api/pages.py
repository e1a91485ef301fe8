"""Pages for people: what runs here, and the documentation of the routes. Nothing comes from elsewhere."""

from html import escape
from pathlib import Path
from string import Template

import fastapi_swagger  # type: ignore[import-untyped]
from fastapi import FastAPI, Request
from fastapi.openapi.docs import get_swagger_ui_html
from fastapi.responses import HTMLResponse
from starlette.staticfiles import StaticFiles

from app.api.settings import ApiSettings
from app.core.project import about_project
from app.core.settings import AppSettings
from app.workflows import WORKFLOWS

PATHS = ("/", "/docs")

_SWAGGER = Path(fastapi_swagger.__file__).parent / "resources"

_HOME = Template(Path(__file__).with_name("home.html").read_text(encoding="utf-8"))


def install_pages(app: FastAPI) -> None:
    """Add `/` and `/docs`, where the settings allow it."""
    if not ApiSettings.load().shows_docs():
        return
    app.add_api_route("/", show_home, include_in_schema=False, response_class=HTMLResponse)
    app.add_api_route("/docs", show_routes, include_in_schema=False, response_class=HTMLResponse)
    app.mount("/docs/files", StaticFiles(directory=_SWAGGER))


async def show_routes(request: Request) -> HTMLResponse:
    """Return the page at `/docs`: all routes, to be tried out."""
    root = request.scope.get("root_path", "")
    return get_swagger_ui_html(
        openapi_url=f"{root}/openapi.json",
        title=about_project().title,
        swagger_js_url=f"{root}/docs/files/swagger-ui-bundle.js",
        swagger_css_url=f"{root}/docs/files/swagger-ui.css",
        swagger_favicon_url=f"{root}/docs/files/favicon-32x32.png",
        swagger_ui_parameters={"persistAuthorization": True},
    )


async def show_home(request: Request) -> str:
    """Return the page at `/`."""
    project = about_project()
    workflows = list(WORKFLOWS.load().values())
    entries = [f"<dt>{escape(w.name)}</dt><dd>{escape(w.summary)}</dd>" for w in workflows]
    return _HOME.substitute(
        title=escape(project.title),
        description=escape(project.description),
        version=escape(project.version),
        environment=escape(AppSettings.load().environment),
        root=escape(request.scope.get("root_path", "")),
        workflows="\n".join(entries) or "<dt>None yet.</dt>",
    )
