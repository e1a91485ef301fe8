"""Settings of the broker (`BROKER_…`) and of the worker (`WORKER_…`)."""

from urllib.parse import quote, urlsplit

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import SettingsConfigDict

from app.core.errors import ConfigurationError
from app.core.settings import Settings, provide

_SCHEMES = ("redis", "rediss", "amqp", "amqps")


def _is_broker_url(text: str) -> bool:
    try:
        parts = urlsplit(text)
        return parts.scheme in _SCHEMES and bool(parts.hostname) and parts.port != 0
    except ValueError:  # the port is not a number
        return False


class BrokerSettings(Settings):
    """Where the message broker is."""

    model_config = SettingsConfigDict(env_prefix="BROKER_")

    url: SecretStr | None = None
    """`redis://host:6379/0` for Valkey, `amqp://user@host:5672//` for RabbitMQ. Not set: the embedded
    Valkey, in development."""

    password: SecretStr | None = None
    """Used where the URL has none; `compose.yaml` gives it to its broker too."""

    @field_validator("url")
    @classmethod
    def _is_broker(cls, value: SecretStr | None) -> SecretStr | None:
        if value is None:
            return None
        if not _is_broker_url(value.get_secret_value()):
            raise ValueError("it must look like redis://host:6379/0 or amqp://user@host:5672//")
        return value

    def connection_url(self) -> str:
        """Return the URL with the password. Raises `ConfigurationError` if there is no URL.

        By TLS (`rediss`), the certificate is checked unless the URL says `?ssl_cert_reqs=none`.
        """
        url = self.url.get_secret_value() if self.url else provide("BROKER_URL")
        if url is None:
            raise ConfigurationError(
                "BROKER_URL is not set.", hint="Set it to redis://host:6379/0 or amqp://user@host:5672//."
            )
        parts = urlsplit(url)
        if parts.scheme == "rediss" and "ssl_cert_reqs=" not in parts.query:
            # Celery's own default is not to look at the certificate
            parts = parts._replace(query="&".join(filter(None, (parts.query, "ssl_cert_reqs=required"))))
        if parts.password is None and self.password and self.url:
            password = quote(self.password.get_secret_value(), safe="")
            host = parts.netloc.rpartition("@")[2]
            parts = parts._replace(netloc=f"{parts.username or ''}:{password}@{host}")
        return parts.geturl()


class WorkerSettings(Settings):
    """How much one worker process does."""

    model_config = SettingsConfigDict(env_prefix="WORKER_")

    concurrency: int = Field(16, ge=1, le=1000)
    """Tasks that one worker works on at the same time. They wait for models most of the time, so they
    are threads that share one event loop."""
