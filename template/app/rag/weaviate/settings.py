"""Settings of Weaviate."""

from pydantic import Field, SecretStr
from pydantic_settings import SettingsConfigDict

from app.core.settings import Settings, Url


class WeaviateSettings(Settings):
    """Where Weaviate is, and what its collections are called."""

    model_config = SettingsConfigDict(env_prefix="WEAVIATE_")

    url: Url = "http://127.0.0.1:8080"
    """Where its HTTP API is."""

    grpc_port: int = Field(default=50051, ge=1, le=65535)
    """The port of its gRPC API, on the same host and with the same kind of connection."""

    api_key: SecretStr | None = None
    """Its key; `compose.yaml` gives it to its Weaviate too."""

    collection: str = Field(default="Documents", pattern=r"^[A-Z][A-Za-z0-9_]{0,100}$")
    """Begins the name of each collection, which ends with the number of the index."""

    timeout: float = Field(default=30.0, gt=0)
    """Seconds until a request is given up."""
