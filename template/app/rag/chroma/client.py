"""Chroma's HTTP API, version 2: the few requests that a store needs.

Not `chromadb`: its client verifies no certificate unless told to, waits without end, shares its connections
between settings, and takes more than two seconds to import. The server of that package is the real one.
"""

from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from functools import cache
from typing import Any

from httpx2 import AsyncClient, HTTPError, InvalidURL, Response

from app.rag import StoreUnavailable
from app.rag.chroma.settings import ChromaSettings

_DATABASE = "/api/v2/tenants/default_tenant/databases/default_database"


@cache
def _connections() -> AsyncClient:
    settings = ChromaSettings.load()
    token = settings.token.get_secret_value() if settings.token else None
    return AsyncClient(
        base_url=settings.base_url(),
        timeout=settings.timeout,
        headers={"Authorization": f"Bearer {token}"} if token else {},
    )


@asynccontextmanager
async def lifespan() -> AsyncGenerator[None, None]:
    """Close the connections at the end."""
    try:
        yield
    finally:
        if _connections.cache_info().currsize:
            await _connections().aclose()
            _connections.cache_clear()


async def version() -> str:
    """Return the server's version. Raises `StoreUnavailable`."""
    return str((await _send("GET", "/api/v2/version")).json())


async def make_collection(name: str, configuration: Mapping[str, Any]) -> str:
    """Return the id of a collection, which is made if it is not there."""
    body = {"name": name, "configuration": configuration, "get_or_create": True}
    return str((await _send("POST", f"{_DATABASE}/collections", body)).json()["id"])


async def drop_collection(name: str) -> None:
    """Delete a collection, if it is there."""
    await _send("DELETE", f"{_DATABASE}/collections/{name}", missing_is_fine=True)


async def call(collection: str, operation: str, body: Mapping[str, Any]) -> dict[str, Any]:
    """Do something with the records of a collection: `add`, `get`, `query` or `delete`."""
    answer = await _send("POST", f"{_DATABASE}/collections/{collection}/{operation}", body)
    found: dict[str, Any] = answer.json()
    return found


async def _send(
    method: str, path: str, body: Mapping[str, Any] | None = None, *, missing_is_fine: bool = False
) -> Response:
    try:
        answer = await _connections().request(method, path, json=body)
    except (HTTPError, InvalidURL, OSError) as error:
        raise StoreUnavailable(
            f"Chroma does not answer: {type(error).__name__}.", hint="Start it, or correct CHROMA_URL."
        ) from error
    if answer.status_code in {401, 403}:
        raise StoreUnavailable("Chroma refuses the token.", hint="Correct CHROMA_TOKEN.")
    if answer.is_success or (missing_is_fine and answer.status_code == 404):
        return answer
    raise StoreUnavailable(
        f"Chroma answers {answer.status_code}: {answer.text[:300]}", hint="See what it logs."
    )
