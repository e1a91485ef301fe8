"""The HTTP application: assembly of the features, and nothing but assembly."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from app.api.extensions import ROUTES
from app.api.middleware import install_middleware
from app.api.pages import install_pages
from app.api.problems import install_problem_handlers
from app.api.settings import ApiSettings
from app.core.lifespan import open_features
from app.core.logging import configure_logging
from app.core.project import about_project
from app.workflows import WORKFLOWS


def create_app() -> FastAPI:
    """Return the application with the routes of every feature on disk."""
    configure_logging()
    project = about_project()
    app = FastAPI(
        title=project.title,
        version=project.version,
        description=project.description,
        lifespan=_lifespan,
        openapi_url="/openapi.json" if ApiSettings.load().shows_docs() else None,
        docs_url=None,  # its pages would load their scripts from elsewhere: ours are in app/api/pages.py
        redoc_url=None,
        swagger_ui_oauth2_redirect_url=None,
        redirect_slashes=False,  # the address to go to would be made of the client's header `Host`
    )
    install_middleware(app)
    install_pages(app)
    install_problem_handlers(app)
    for router in ROUTES.load().values():
        app.include_router(router)
    return app


@asynccontextmanager
async def _lifespan(_app: FastAPI) -> AsyncGenerator[None, None]:
    """Import the workflows, so that the first request does not wait for that; open what the features need."""
    WORKFLOWS.load()
    async with open_features():
        yield
