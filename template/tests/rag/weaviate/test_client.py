"""What Weaviate can do wrong."""

import pytest

from app.rag import StoreUnavailable, get_store
from tests.conftest import SetEnvironment


async def test_a_server_that_is_down_is_an_error_that_says_so(set_environment: SetEnvironment) -> None:
    set_environment(WEAVIATE_URL="http://127.0.0.1:9")

    with pytest.raises(StoreUnavailable, match=r"Weaviate at http://127\.0\.0\.1:9"):
        await get_store().health()
