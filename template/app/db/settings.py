"""Settings of the database (`DATABASE_…`)."""

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import SettingsConfigDict
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from app.core.errors import ConfigurationError
from app.core.settings import Settings, provide


class DatabaseSettings(Settings):
    """Where PostgreSQL is, and how many connections a process may hold."""

    model_config = SettingsConfigDict(env_prefix="DATABASE_")

    url: SecretStr | None = None
    """`postgresql://user@host:5432/name`. Not set: the embedded server, in development."""

    password: SecretStr | None = None
    """Used where the URL has none; `compose.yaml` gives it to its PostgreSQL too."""

    pool_size: int = Field(10, ge=1, le=500)
    """Connections that a process keeps open. PostgreSQL takes 100 by default, for all processes together."""

    max_overflow: int = Field(10, ge=0, le=500)
    """Connections beyond these, under load."""

    statement_timeout: float = Field(30.0, gt=0)
    """Seconds until the server ends a statement. A server that is silent for five more is given up."""

    @field_validator("url")
    @classmethod
    def _is_postgresql(cls, value: SecretStr | None) -> SecretStr | None:
        if value is None:
            return None
        try:
            url = make_url(value.get_secret_value())
        except ArgumentError:
            raise ValueError("this is not a URL; it looks like postgresql://user@host:5432/name") from None
        if url.get_backend_name() != "postgresql" or not url.database:
            raise ValueError("it must look like postgresql://user@host:5432/name")
        return value

    def connection_url(self) -> URL:
        """Return the URL for psycopg 3. Raises `ConfigurationError` if there is none."""
        text = self.url.get_secret_value() if self.url else provide("DATABASE_URL")
        if text is None:
            raise ConfigurationError(
                "DATABASE_URL is not set.", hint="Set it to postgresql://user@host:5432/name."
            )
        url = make_url(text).set(drivername="postgresql+psycopg")
        if url.password is None and self.password and self.url:
            url = url.set(password=self.password.get_secret_value())
        return url
