"""Settings of runs (`RUNS_…`) and of their callbacks (`WEBHOOK_…`)."""

from datetime import UTC, datetime
from ipaddress import ip_network
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError
from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator
from pydantic_settings import NoDecode, SettingsConfigDict

from app.core.settings import FromJson, List, Settings


class ScheduledRun(BaseModel):
    """A workflow that is started on a schedule."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(min_length=1, max_length=100)
    """Names the schedule; a new name counts from now."""

    workflow: str
    input: dict[str, Any] = {}

    cron: str
    """Minute, hour, day of the month, month, day of the week: `0 3 * * 1-5`."""

    time_zone: str = "UTC"
    """Such as `Europe/Berlin`."""

    @field_validator("cron")
    @classmethod
    def _is_cron(cls, value: str) -> str:
        try:
            CronSim(value, datetime.now(UTC))
        except CronSimError as error:
            raise ValueError(f"{value!r} is not a cron expression: {error}") from None
        return value

    @field_validator("time_zone")
    @classmethod
    def _is_time_zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (KeyError, ValueError, OSError):
            raise ValueError(f"{value!r} is not a time zone; use one like Europe/Berlin") from None
        return value


class RunsSettings(Settings):
    """How runs survive interruptions, and which start by themselves."""

    model_config = SettingsConfigDict(env_prefix="RUNS_")

    lease_seconds: float = Field(30.0, ge=1, le=3600)
    """How long a worker's claim on a run holds unless it is renewed. A worker renews it three times as
    often; after one has died, another takes its runs over when this time has passed."""

    retry_seconds: float = Field(2.0, gt=0)
    """The wait before the second attempt; it doubles with each one, with jitter, up to an hour."""

    stop_seconds: float = Field(10.0, ge=0)
    """How long runs may go on when their worker is stopped; then they are requeued."""

    decide_within: float | None = Field(None, gt=0)
    """Seconds that a run waits for a person's decision before it fails. Not set: as long as it takes."""

    keep_succeeded_days: float | None = Field(None, gt=0)
    """Days after which a run that succeeded is deleted, with its steps and events. Not set: it is kept."""

    keep_failed_days: float | None = Field(None, gt=0)
    """The same for a run that failed or was cancelled: until then it can be retried."""

    keep_steps_days: float | None = Field(None, gt=0)
    """Days after which the steps of a run that succeeded are deleted. The run itself stays."""

    keep_events_days: float | None = Field(None, gt=0)
    """Days after which the events of a run that has ended are deleted."""

    schedules: Annotated[tuple[ScheduledRun, ...], NoDecode, FromJson] = ()
    """A JSON list: `[{"name": "nightly", "workflow": "echo_summary", "cron": "0 3 * * *", "input": {…}}]`."""

    @field_validator("schedules")
    @classmethod
    def _have_names_of_their_own(cls, value: tuple[ScheduledRun, ...]) -> tuple[ScheduledRun, ...]:
        if len({schedule.name for schedule in value}) < len(value):
            raise ValueError("two schedules have the same name")
        return value


class WebhookSettings(Settings):
    """How callers are notified when a run waits for a person or has ended."""

    model_config = SettingsConfigDict(env_prefix="WEBHOOK_")

    secret: SecretStr | None = Field(None, min_length=24)
    """Signs what is sent, so that its receiver knows that it comes from here."""

    allowed_networks: List = ()
    """Private networks to which callbacks may go nevertheless, such as 10.1.0.0/16. None by default: who may
    start a run could otherwise reach what is behind your firewall."""

    timeout: float = Field(10.0, gt=0, le=60)
    """Seconds in which the receiver must answer."""

    max_attempts: int = Field(8, ge=1, le=20)
    """How often a callback is tried."""

    retry_seconds: float = Field(5.0, gt=0)
    """The wait before the second attempt; it triples with each one, up to an hour."""

    @field_validator("allowed_networks")
    @classmethod
    def _are_networks(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for network in value:
            ip_network(network)  # its error names what is wrong
        return value
