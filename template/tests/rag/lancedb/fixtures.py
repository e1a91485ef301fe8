"""Tables of its own for each test that uses the database."""

import pytest

from tests.conftest import SetEnvironment


@pytest.fixture(autouse=True)
def lancedb_folder(
    request: pytest.FixtureRequest,
    set_environment: SetEnvironment,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    """Lead the settings to a folder of the test."""
    if any(name.endswith("database") for name in request.fixturenames):
        set_environment(LANCEDB_URI=str(tmp_path_factory.mktemp("lancedb")))
