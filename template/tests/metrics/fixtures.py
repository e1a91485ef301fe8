"""A folder for the numbers of one test."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from app.metrics import files, instruments
from tests.conftest import SetEnvironment


@pytest.fixture
def metrics_folder(tmp_path: Path, set_environment: SetEnvironment) -> Iterator[Path]:
    """Count, in a folder in which nobody else counts."""
    set_environment(METRICS_ENABLED="true", METRICS_FOLDER=str(tmp_path))
    _forget()
    yield tmp_path
    _forget()


def _forget() -> None:
    files.folder.cache_clear()
    instruments.instruments.cache_clear()
