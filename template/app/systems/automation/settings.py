"""Settings of the support automation (`AUTOMATION_…`)."""

from decimal import Decimal
from pathlib import Path

from pydantic import Field, SecretStr
from pydantic_settings import SettingsConfigDict

from app.core.settings import Settings, Url


class AutomationSettings(Settings):
    """What may be done without asking, and whom to tell."""

    model_config = SettingsConfigDict(env_prefix="AUTOMATION_")

    webhook_url: Url | None = None
    """Is told of every action. Not set: actions are only part of the result."""

    webhook_secret: SecretStr | None = None
    """Signs what is sent there, as Standard Webhooks say. Not set: it is not signed."""

    refund_limit: Decimal = Field(Decimal(50), ge=0)
    """A refund of more needs a person's decision."""

    customers_file: Path | None = None
    """Customers and orders as JSON. Not set: the example ones, in development and tests alone."""
