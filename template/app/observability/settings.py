"""Settings of traces (`TRACES_…`), and of the collector that they are sent to (`OTEL_…`)."""

from pathlib import Path
from urllib.parse import unquote, urlsplit

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import SettingsConfigDict

from app.core.errors import ConfigurationError
from app.core.paths import ROOT
from app.core.settings import AppSettings, Settings, Url


class TracesSettings(Settings):
    """What is kept of traces on this machine, for `app traces`."""

    model_config = SettingsConfigDict(env_prefix="TRACES_")

    local: bool | None = None
    """Whether spans are kept on this machine. Not set: in development. Refused in production."""

    file: Path = ROOT / ".data" / "traces.db"
    """Where: a file of SQLite, which only its owner can read."""

    max_spans: int = Field(50_000, ge=100)
    """Spans that are kept; older ones are deleted."""

    contents: bool = True
    """Whether what people, models and tools say goes with them, here and to a collector; without secrets, and
    without what `app/privacy` finds."""

    max_characters: int = Field(20_000, ge=100)
    """Characters that are kept of each text; the rest is left out."""

    def keeps_spans(self) -> bool:
        """Whether spans are kept on this machine."""
        environment = AppSettings.load().environment
        wanted = environment == "development" if self.local is None else self.local
        return wanted and environment != "production"


class OtlpSettings(Settings):
    """The collector that spans are sent to: the standard variables of OpenTelemetry."""

    model_config = SettingsConfigDict(env_prefix="OTEL_")

    service_name: str = "app"
    """What the spans of this project are filed under."""

    exporter_otlp_endpoint: Url | None = None
    """Its URL, such as `http://localhost:4318`; spans go to `/v1/traces` below it. Not set: none are sent."""

    exporter_otlp_headers: SecretStr | None = None
    """Headers for it, such as a key: `name=value`, separated by commas, percent-encoded."""

    exporter_otlp_timeout: float = Field(3.0, gt=0, le=60)
    """Seconds until an attempt to send is given up."""

    @field_validator("exporter_otlp_headers")
    @classmethod
    def _are_pairs(cls, headers: SecretStr | None) -> SecretStr | None:
        if headers and not all("=" in pair for pair in headers.get_secret_value().split(",")):
            raise ValueError("it must be name=value, separated by commas")
        return headers

    def headers(self) -> dict[str, str]:
        """Return the headers by name."""
        if self.exporter_otlp_headers is None:
            return {}
        pairs = (pair.partition("=") for pair in self.exporter_otlp_headers.get_secret_value().split(","))
        return {name.strip(): unquote(value.strip()) for name, _, value in pairs}


class LangfuseSettings(Settings):
    """Langfuse, by the variables of its SDK. Without keys nothing is sent."""

    model_config = SettingsConfigDict(env_prefix="LANGFUSE_")

    public_key: str | None = None
    """The public key of a project (`pk-lf-…`)."""

    secret_key: SecretStr | None = None
    """Its secret key (`sk-lf-…`)."""

    host: Url = "https://cloud.langfuse.com"
    """Where Langfuse is."""

    release: str | None = None
    """The version of this project that runs, such as a commit."""

    prompt_label: str | None = None
    """The label of prompts that stand for the files, such as `production`. Not set: the files."""

    def is_used(self) -> bool:
        """Whether there are keys."""
        return bool(self.public_key and self.secret_key)

    def environment(self) -> str:
        """Return what Langfuse files the spans under."""
        return AppSettings.load().environment


class SentrySettings(Settings):
    """Sentry, by the variables of its SDK. Without a DSN nothing is sent."""

    model_config = SettingsConfigDict(env_prefix="SENTRY_")

    dsn: SecretStr | None = None
    """Where errors go: the DSN of a project."""

    release: str | None = None
    """The version of this project that runs, such as a commit."""

    sample_rate: float = Field(1.0, ge=0, le=1)
    """Which part of the errors is sent."""

    traces_sample_rate: float = Field(0.0, ge=0, le=1)
    """Which part of the traces is sent."""

    @field_validator("dsn")
    @classmethod
    def _is_a_dsn(cls, dsn: SecretStr | None) -> SecretStr | None:
        parts = urlsplit(dsn.get_secret_value()) if dsn else None
        if parts and not (
            parts.scheme in {"http", "https"} and parts.username and parts.path.strip("/").isdigit()
        ):
            raise ValueError("it must look like https://KEY@HOST/PROJECT")
        return dsn


def check_traces() -> None:
    """Refuse half of Langfuse's keys, and spans on the machine in production. Raises `ConfigurationError`."""
    langfuse = LangfuseSettings.load()
    if bool(langfuse.public_key) != bool(langfuse.secret_key):
        missing = "LANGFUSE_SECRET_KEY" if langfuse.public_key else "LANGFUSE_PUBLIC_KEY"
        raise ConfigurationError(
            f"{missing} is not set.", hint="Langfuse needs both keys; without any it is off."
        )
    if AppSettings.load().environment == "production" and TracesSettings.load().local:
        raise ConfigurationError(
            "TRACES_LOCAL keeps what people say in a file of this machine: not in production.",
            hint="Set OTEL_EXPORTER_OTLP_ENDPOINT to a collector, and leave TRACES_LOCAL out.",
        )
