"""What the systems need around them."""

import pytest


@pytest.fixture
def services(request: pytest.FixtureRequest) -> dict[str, str]:
    """The settings of a database, where the project has one."""
    try:
        return {"DATABASE_URL": request.getfixturevalue("database")}
    except pytest.FixtureLookupError:
        return {}
