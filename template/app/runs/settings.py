"""Settings of runs (`RUNS_…`)."""

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from app.core.settings import Settings


class RunsSettings(Settings):
    """How runs survive interruptions."""

    model_config = SettingsConfigDict(env_prefix="RUNS_")

    lease_seconds: float = Field(30.0, ge=1, le=3600)
    """How long a worker's claim on a run holds unless it is renewed. A worker renews it three times as
    often; after one has died, another takes its runs over when this time has passed."""

    retry_seconds: float = Field(2.0, gt=0)
    """The wait before the second attempt; it doubles with each one, with jitter, up to an hour."""

    stop_seconds: float = Field(10.0, ge=0)
    """How long runs may go on when their worker is told to stop; then they go back to the queue."""
