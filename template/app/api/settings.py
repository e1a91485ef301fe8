"""Settings of the HTTP server (`API_…`) and of who may call it (`AUTH_…`)."""

from typing import Self

from pydantic import Field, model_validator
from pydantic_settings import SettingsConfigDict

from app.core.settings import AppSettings, List, Settings, Url

_PRODUCTION_RATE = 600
_THIS_MACHINE = ("localhost", "127.0.0.1", "[::1]")


class ApiSettings(Settings):
    """Where the API listens, and what it accepts."""

    model_config = SettingsConfigDict(env_prefix="API_")

    host: str = "127.0.0.1"
    """`0.0.0.0` in a container, where a proxy stands in front."""

    port: int = Field(8000, ge=1, le=65535)

    max_body_bytes: int = Field(1_000_000, ge=1)
    """The largest request body of whoever calls, in bytes; beyond it the answer is 413."""

    max_input_bytes: int = Field(28_000_000, ge=1)
    """The same for a caller with a valid key or token: enough for a file of 20 MB in Base64."""

    keys_required: bool = True
    """`false` lets requests without a key do everything. Production does not listen to it."""

    key_cache_seconds: float = Field(5.0, ge=0, le=300)
    """For how long a key that was right is not looked up again. So long a revoked key may still work."""

    rate_limit: int | None = Field(None, ge=0)
    """Requests a minute that one key may make; 0: no limit. Not set: 600 in production, no limit elsewhere.
    `app keys create --rate-limit` gives a key a limit of its own."""

    cors_origins: List = ()
    """Web pages that may call the API from a browser, such as https://app.example.com. None by default."""

    trusted_hosts: List = ()
    """Names under which the API is called, such as api.example.com or *.example.com. Not set: any; only
    this machine's if no key is required."""

    docs: bool | None = None
    """Whether `/`, `/docs` and `/openapi.json` are shown. Not set: everywhere but in production."""

    shutdown_seconds: float = Field(20.0, ge=0)
    """How long open requests may take to finish when the server is stopped."""

    def shows_docs(self) -> bool:
        """Whether people may look at the routes."""
        return self.docs if self.docs is not None else not AppSettings.load().is_production

    def needs_keys(self) -> bool:
        """Whether a request without a key is refused."""
        return self.keys_required or AppSettings.load().is_production

    def requests_per_minute(self) -> int:
        """How many requests one key may make a minute; 0 if there is no limit."""
        if self.rate_limit is not None:
            return self.rate_limit
        return _PRODUCTION_RATE if AppSettings.load().is_production else 0

    def allowed_hosts(self) -> tuple[str, ...]:
        """The names under which the API may be called; empty if any.

        Without keys only this machine's: a web page could otherwise call the API by a name of its own that
        leads here (DNS rebinding).
        """
        return self.trusted_hosts or (() if self.needs_keys() else _THIS_MACHINE)


class AuthSettings(Settings):
    """Tokens (JWT) of an identity provider, accepted besides the keys."""

    model_config = SettingsConfigDict(env_prefix="AUTH_")

    jwks_url: Url | None = None
    """Where the provider publishes its public keys. Not set: no tokens are accepted."""

    audience: str | None = None
    """Whom a token must be meant for (`aud`)."""

    issuer: str | None = None
    """Who must have issued it (`iss`)."""

    @model_validator(mode="after")
    def _is_complete(self) -> Self:
        if self.jwks_url and not (self.audience and self.issuer):
            raise ValueError("AUTH_JWKS_URL needs AUTH_AUDIENCE and AUTH_ISSUER too")
        return self
