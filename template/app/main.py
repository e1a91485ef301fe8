"""The HTTP application: assembly of the features, and nothing but assembly."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from app.api.middleware import install_middleware
from app.api.problems import install_problem_handlers
from app.core.lifespan import open_features
from app.core.logging import configure_logging
from app.core.project import about_project
from app.core.registry import load_features, load_workflows


def create_app() -> FastAPI:
    """Return the application with the routes of every feature on disk."""
    configure_logging()
    project = about_project()
    app = FastAPI(
        title=project.name, version=project.version, description=project.description, lifespan=_lifespan
    )
    install_middleware(app)
    install_problem_handlers(app)
    for feature in load_features():
        if feature.router:
            app.include_router(feature.router.load())
    return app


@asynccontextmanager
async def _lifespan(_app: FastAPI) -> AsyncGenerator[None, None]:
    """Import the workflows, so that the first request does not wait for that; open what the features need."""
    for workflow in load_workflows().values():
        workflow.load()
    async with open_features():
        yield
