"""Settings of metrics (`METRICS_…`)."""

from pathlib import Path

from pydantic_settings import SettingsConfigDict

from app.core.paths import ROOT
from app.core.settings import AppSettings, Settings


class MetricsSettings(Settings):
    """Where the processes of this machine keep their numbers."""

    model_config = SettingsConfigDict(env_prefix="METRICS_")

    enabled: bool | None = None
    """Whether this process counts. Not set: everywhere but in tests."""

    folder: Path = ROOT / ".data" / "metrics"
    """A folder that API, workers and scheduler share: `/metrics` adds up what all of them have counted."""

    def counts(self) -> bool:
        """Whether this process counts."""
        return AppSettings.load().environment != "test" if self.enabled is None else self.enabled
