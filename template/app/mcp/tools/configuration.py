"""`mcp.json`: the MCP servers whose tools our agents may use.

    {"mcpServers": {
        "search": {"url": "https://mcp.example.com/mcp", "headers": {"Authorization": "Bearer ${KEY}"}},
        "files":  {"command": "npx", "args": ["-y", "@modelcontextprotocol/server-filesystem", "/srv"]}
    }}

`${NAME}` is a variable of the environment or of `.env`: no secret stands in the file.
"""

import json
import os
import re
from collections.abc import Mapping
from functools import partial

from dotenv import dotenv_values
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from app.core.errors import ConfigurationError, field_errors
from app.core.paths import ROOT
from app.core.redaction import is_secret_name, register_secret
from app.core.settings import ENV_FILE

FILE = ROOT / "mcp.json"

_VARIABLE = re.compile(r"\$\{(\w+)\}")


class ServerSettings(BaseModel):
    """One server: reached at a URL, or started with a command."""

    # clients add keys of their own, such as `type`
    model_config = ConfigDict(extra="ignore")

    url: str | None = Field(None, min_length=1)
    headers: dict[str, str] = {}
    command: str | None = Field(None, min_length=1)
    args: list[str] = []
    env: dict[str, str] = {}

    @model_validator(mode="after")
    def _has_one_way(self) -> "ServerSettings":
        if (self.url is None) == (self.command is None):
            raise ValueError("it needs either a url or a command")
        return self


class _File(BaseModel):
    mcpServers: dict[str, ServerSettings]  # noqa: N815 - the name that all MCP clients use


def load_servers() -> Mapping[str, ServerSettings]:
    """Return the servers by name; none if there is no file. Raises `ConfigurationError`."""
    try:
        text = FILE.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeError) as error:
        raise ConfigurationError(f"{FILE.name} cannot be read: {type(error).__name__}.") from None
    variables = {**_from_env_file(), **os.environ}
    used: dict[str, str] = {}
    try:
        filled = _VARIABLE.sub(partial(_fill, variables, used), text)
        servers = _File.model_validate_json(filled).mcpServers
    except ValidationError as error:
        raise ConfigurationError(f"{FILE.name} is wrong.", fields=field_errors(error, FILE.name)) from None
    _register_secrets(servers, used)
    return servers


def _register_secrets(servers: Mapping[str, ServerSettings], used: Mapping[str, str]) -> None:
    """Keep out of logs what goes into a header, or comes from a variable that is named like a secret. The
    others are folders, names and addresses: a log without those would be of little use."""
    headers = [value for server in servers.values() for value in server.headers.values()]
    for name, value in used.items():
        if is_secret_name(name) or any(value in header for header in headers):
            register_secret(value)


def _from_env_file() -> dict[str, str]:
    if os.environ.get("ENVIRONMENT") == "test":
        return {}
    return {name: value for name, value in dotenv_values(ENV_FILE).items() if value}


def _fill(variables: Mapping[str, str], used: dict[str, str], match: re.Match[str]) -> str:
    value = variables.get(match[1])
    if not value:
        raise ConfigurationError(f"{FILE.name} needs {match[1]}.", hint="Set it in .env.")
    used[match[1]] = value
    return json.dumps(value)[1:-1]
