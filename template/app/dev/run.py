"""What `app dev` does."""

import asyncio
import json
import shlex
import sys

import typer

from app.api import ApiSettings, create_key, require_free_port, revoke_keys_named
from app.core.registry import load_workflows, run_preflight
from app.core.settings import AppSettings
from app.db import DatabaseSettings, dispose, upgrade
from app.dev.errors import DevError
from app.dev.processes import Supervisor, python
from app.dev.services import embedded_services
from app.worker import BrokerSettings

_HOST = "127.0.0.1"
_KEY_NAME = "app dev"
_REVIVE_SECONDS = 2.0


async def run(port: int | None) -> None:
    """Start the services that no setting names, migrate, and run the processes until a signal comes."""
    if sys.platform == "win32":
        raise DevError("`app dev` does not run on Windows.", hint="Use WSL, or `docker compose up`.")
    if AppSettings.load().environment != "development":
        raise DevError("`app dev` is for development.", hint="Set ENVIRONMENT=development.")
    port = port or ApiSettings.load().port
    require_free_port(_HOST, port)
    embedded = [name for name, url in _urls() if url is None]
    if embedded:
        typer.echo(f"Starting the embedded services for {' and '.join(embedded)} …")
    run_preflight()
    for line in await asyncio.to_thread(upgrade):
        typer.echo(f"Migrated {line}")
    key = await _development_key()
    supervisor = Supervisor(
        {
            "api": python("serve", "--host", _HOST, "--port", str(port)),
            "worker": python("worker"),
            "beat": python("beat"),
        },
        {"API_SHUTDOWN_SECONDS": "1", **({"FORCE_COLOR": "1"} if sys.stdout.isatty() else {})},
    )
    background = [asyncio.create_task(_announce(supervisor, port, key))]
    if len(embedded) == 2:
        background.append(asyncio.create_task(_keep_alive(supervisor)))
    await supervisor.run(*background)


def _urls() -> list[tuple[str, object]]:
    return [("DATABASE_URL", DatabaseSettings.load().url), ("BROKER_URL", BrokerSettings.load().url)]


async def _keep_alive(supervisor: Supervisor) -> None:
    """Start an embedded service again when it has died."""
    services = embedded_services()
    while True:
        await asyncio.sleep(_REVIVE_SECONDS)
        for name in await asyncio.to_thread(services.revive):
            supervisor.say("dev", f"{name} had died: started again.", "red")


async def _development_key() -> str:
    """Make a key for this session; those of earlier sessions are revoked."""
    await revoke_keys_named(_KEY_NAME)
    key = await create_key(_KEY_NAME, ["admin"])
    await dispose()
    return key.text


async def _announce(supervisor: Supervisor, port: int, key: str) -> None:
    """Once the API answers, say what to do with it."""
    base = f"http://{_HOST}:{port}"
    await _until_port_answers(port)
    supervisor.say("dev", f"API key of this session: {key}", "green")
    for name, workflow in sorted(load_workflows().items())[:1]:
        body = json.dumps({"workflow": name, "input": workflow.load().example})
        headers = f"-H 'Content-Type: application/json' -H 'Authorization: Bearer {key}'"
        command = f"curl {base}/v1/runs {headers} -d {shlex.quote(body)}"
        supervisor.say("dev", f"In another terminal: {command}", "green")
    supervisor.say("dev", f"Ready: {base}/docs", "green")


async def _until_port_answers(port: int) -> None:
    """Return when the API accepts connections."""
    while True:
        try:
            _, writer = await asyncio.open_connection(_HOST, port)
        except OSError:
            await asyncio.sleep(0.1)
        else:
            writer.close()
            return
