"""Settings of the support automation (`AUTOMATION_…`)."""

from pathlib import Path

from pydantic import SecretStr
from pydantic_settings import SettingsConfigDict

from app.core.settings import List, Settings, Url


class AutomationSettings(Settings):
    """What may be done without asking, and whom to tell."""

    model_config = SettingsConfigDict(env_prefix="AUTOMATION_")

    webhook_url: Url | None = None
    """Is notified of every action. Not set: actions are only part of the result."""

    webhook_secret: SecretStr | None = None
    """Signs what is sent there, as Standard Webhooks say. Not set: it is not signed."""

    policy_file: Path | None = None
    """What may be refunded without asking. Not set: `policy.toml` beside the rules."""

    mail_servers: List = ()
    """Names under which your mail servers write `Authentication-Results`, such as mx.example.com. Only they
    are believed that a sender is who it says; not set: nobody is."""

    customers_file: Path | None = None
    """Customers and orders as JSON. Not set: the example ones, in development and tests alone."""
