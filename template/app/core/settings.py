"""Settings: from environment variables, files of secrets, `.env`, then the default in the class.

Each feature has one class in its `settings.py`, with a prefix of its own. `Settings.load()` reads it once
and refuses what is wrong with a message that names the variable.
"""

import json
import logging
import os
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, SecretStr, ValidationError, field_validator
from pydantic.fields import FieldInfo
from pydantic_settings import (
    BaseSettings,
    NoDecode,
    PydanticBaseSettingsSource,
    SecretsSettingsSource,
    SettingsConfigDict,
)

from app.core.errors import ConfigurationError
from app.core.paths import ROOT
from app.core.redaction import register_secret

RANDOM = "<random>"
"""Stands in `.env.example` where `app init` writes a fresh random secret."""

ENV_FILE = ROOT / ".env"

SECRETS = Path("/run/secrets")
"""A folder with a file for each secret, named like its variable: as containers get them."""


def _is_http_url(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError("it must be a URL that begins with http:// or https://")
    return value


def _split(value: object) -> object:
    if not isinstance(value, str):
        return value
    return tuple(item.strip() for item in value.split(",") if item.strip())


def _read_json(value: object) -> object:
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except ValueError as error:
        raise ValueError(f"it is not JSON: {error}") from None


Url = Annotated[str, AfterValidator(_is_http_url)]
"""An HTTP URL."""

List = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_split)]
"""Texts separated by commas."""

FromJson = BeforeValidator(_read_json)
"""For a value that is one JSON document; with pydantic-settings' `NoDecode` before it."""


logging.getLogger("dotenv.main").setLevel(logging.ERROR)  # `app doctor` says it once, and what to do


class _SecretFiles(SecretsSettingsSource):
    """Files of secrets. An empty one counts as not set, like an empty variable."""

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        value, key, is_complex = super().get_field_value(field, field_name)
        return value or None, key, is_complex


class Settings(BaseSettings):
    """Base of every settings class. An empty variable counts as not set."""

    model_config = SettingsConfigDict(
        env_file=ENV_FILE,
        env_file_encoding="utf-8-sig",
        env_ignore_empty=True,
        extra="ignore",
        frozen=True,
        hide_input_in_errors=True,
        populate_by_name=True,
    )

    @classmethod
    @cache
    def load(cls) -> Self:
        """Read the settings, once per process.

        Raises `ConfigurationError`, which names each variable that is wrong.
        """
        try:
            settings = cls()
        except ValidationError as error:
            raise ConfigurationError(
                "; ".join(_problem(cls, dict(problem)) for problem in error.errors()),
                hint="Correct it in .env or in the environment.",
            ) from None
        except (OSError, UnicodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "it is not text in UTF-8"
            files = f"{ENV_FILE.name} or a file in {SECRETS}" if SECRETS.is_dir() else ENV_FILE.name
            raise ConfigurationError(f"{files} cannot be read: {reason}.") from None
        settings._register_secrets()
        return settings

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Leave files out under `ENVIRONMENT=test`: a test says all that it depends on."""
        sources = (init_settings, env_settings)
        if os.environ.get("ENVIRONMENT") == "test":
            return sources
        secrets = (_SecretFiles(settings_cls, secrets_dir=SECRETS),) if SECRETS.is_dir() else ()
        return (*sources, *secrets, dotenv_settings)

    @classmethod
    def variables(cls) -> dict[str, str]:
        """Return the environment variable of each field."""
        return {name: cls._variable(name) for name in cls.model_fields}

    @classmethod
    def _variable(cls, field: str) -> str:
        alias = cls.model_fields[field].validation_alias
        return alias if isinstance(alias, str) else f"{cls.model_config['env_prefix']}{field}".upper()

    def _register_secrets(self) -> None:
        for name, variable in self.variables().items():
            value = getattr(self, name)
            if not isinstance(value, SecretStr):
                continue
            if value.get_secret_value() == RANDOM:
                raise ConfigurationError(
                    f"{variable} still has the placeholder {RANDOM}.",
                    hint="Run `uv run app init`: it writes a random secret.",
                )
            register_secret(value.get_secret_value())


def _problem(settings: type[Settings], problem: dict[str, Any]) -> str:
    field = str(problem["loc"][0]) if problem["loc"] else ""
    variable = settings.variables().get(field, field.upper())
    message = str(problem["msg"]).removeprefix("Value error, ")
    if inside := ".".join(map(str, problem["loc"][1:])):
        message = f"{inside}: {message}"
    return f"{variable} is wrong: {message}" if variable else message


class AppSettings(Settings):
    """Application-wide settings."""

    environment: Literal["development", "test", "production"] = "development"
    """`production` refuses what is only for development: the offline model, embedded services …"""

    log_level: Literal["debug", "info", "warning", "error"] = "info"

    @field_validator("environment", "log_level", mode="before")
    @classmethod
    def _ignore_case(cls, value: object) -> object:
        return value.lower() if isinstance(value, str) else value

    @property
    def is_production(self) -> bool:
        return self.environment == "production"


def settings_classes() -> list[type[Settings]]:
    """Return every settings class of the application."""
    from app.core.extensions import SETTINGS  # brings Typer, which most that read settings do not need

    return [AppSettings, *SETTINGS.load().values()]


def provide(variable: str) -> str | None:
    """Return a value for an unset environment variable from a feature that can supply one.

    Only in development; elsewhere, or when no feature can, return None.
    """
    if AppSettings.load().environment != "development":
        return None
    from app.core.extensions import VARIABLES

    supply = VARIABLES.get(variable)
    return supply() if supply else None
