"""Clients of the API, without a network in between."""

from collections.abc import AsyncIterator

import pytest
from httpx2 import ASGITransport, AsyncClient

from app.api import create_key
from app.main import create_app


@pytest.fixture
async def anonymous() -> AsyncIterator[AsyncClient]:
    """A client of a fresh application, without a key."""
    transport = ASGITransport(app=create_app(), raise_app_exceptions=False)
    async with AsyncClient(transport=transport, base_url="http://test") as client:
        yield client


@pytest.fixture
async def client(anonymous: AsyncClient, database: str) -> AsyncClient:
    """The same, with a key that may do everything."""
    key = await create_key("test", ["admin"])
    anonymous.headers["Authorization"] = f"Bearer {key.text}"
    return anonymous
