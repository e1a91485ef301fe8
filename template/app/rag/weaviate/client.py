"""The connection to Weaviate."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from app.rag import StoreUnavailable
from app.rag.weaviate.settings import WeaviateSettings

if TYPE_CHECKING:
    from weaviate import WeaviateAsyncClient

_clients: list["WeaviateAsyncClient"] = []
"""The client of this process, once there is one."""


@asynccontextmanager
async def lifespan() -> AsyncGenerator[None, None]:
    """Close the connection at the end."""
    try:
        yield
    finally:
        while _clients:
            await _clients.pop().close()


@asynccontextmanager
async def connected() -> AsyncGenerator["WeaviateAsyncClient", None]:
    """Give the client. Raises `StoreUnavailable` for all that goes wrong with the server."""
    from grpc import RpcError
    from weaviate.exceptions import WeaviateBaseError

    try:
        if not _clients:
            _clients.append(await _connect())
        yield _clients[0]
    except (WeaviateBaseError, RpcError, OSError) as error:
        url = WeaviateSettings.load().url
        raise StoreUnavailable(
            f"Weaviate at {url} does not do what is asked: {_reason(error)}",
            hint="Start it (`docker compose up weaviate`), or correct WEAVIATE_URL and WEAVIATE_API_KEY.",
        ) from error


async def _connect() -> "WeaviateAsyncClient":
    client = _build()
    try:
        await client.connect()
    except BaseException:
        await client.close()
        raise
    return client


def _build() -> "WeaviateAsyncClient":
    from weaviate import use_async_with_custom
    from weaviate.classes.init import AdditionalConfig, Auth, Timeout

    settings = WeaviateSettings.load()
    parts = urlsplit(settings.url)
    is_secure = parts.scheme == "https"
    return use_async_with_custom(
        http_host=parts.hostname or "",
        http_port=parts.port or (443 if is_secure else 80),
        http_secure=is_secure,
        grpc_host=parts.hostname or "",
        grpc_port=settings.grpc_port,
        grpc_secure=is_secure,
        auth_credentials=Auth.api_key(settings.api_key.get_secret_value()) if settings.api_key else None,
        additional_config=AdditionalConfig(
            timeout=Timeout(init=settings.timeout, query=settings.timeout, insert=settings.timeout)
        ),
        skip_init_checks=True,  # they would ask PyPI for the newest client
    )


def _reason(error: Exception) -> str:
    text = " ".join(str(error).split())
    return f"{type(error).__name__}: {text[:300]}"
