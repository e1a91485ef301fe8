"""What `app dev` does."""

import asyncio
import json
import os
import shlex
import shutil
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import typer

from app.api import ApiSettings, check_key, create_key, revoke_keys_named
from app.core.errors import AppError
from app.core.lifespan import run_preflight
from app.core.locks import lock
from app.core.paths import ROOT
from app.core.ports import require_free_port
from app.core.settings import AppSettings, Settings
from app.db import DatabaseSettings, dispose, upgrade
from app.dev.errors import DevError
from app.dev.processes import Supervisor, python
from app.embedded import DATA, USERS, EmbeddedServices, embedded_services, forget_urls
from app.worker import BrokerSettings
from app.workflows import WORKFLOWS

_HOST = "127.0.0.1"
_KEY_NAME = "app dev"
_REVIVE_SECONDS = 2.0
_WATCHED = (".env", "mcp.json")


async def run(port: int | None, *, fresh: bool = False) -> None:
    """Start the services that no setting names, migrate, and run the processes until a signal comes."""
    if sys.platform == "win32":
        raise DevError("`app dev` does not run on Windows.", hint="Use WSL, or `docker compose up`.")
    if AppSettings.load().environment != "development":
        raise DevError("`app dev` is for development.", hint="Set ENVIRONMENT=development.")
    if fresh:
        _delete_data()
    while True:
        with _only_one(port):
            if not await _run(port):
                return
        # read the settings again, and find the servers again
        Settings.load.cache_clear()
        forget_urls()


async def _run(port: int | None) -> bool:
    """Run until a signal comes. True if all of it is to be started anew."""
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
    background = [
        asyncio.create_task(_announce(supervisor, port, key)),
        asyncio.create_task(_restart_on_settings(supervisor)),
    ]
    if len(embedded) == 2:
        background.append(asyncio.create_task(_keep_alive(supervisor)))
    await supervisor.run(*background)
    return supervisor.wants_restart


def _urls() -> list[tuple[str, object]]:
    return [("DATABASE_URL", DatabaseSettings.load().url), ("BROKER_URL", BrokerSettings.load().url)]


def _delete_data() -> None:
    """Begin with empty services. Raises `DevError` if something uses them."""
    if not DATA.exists():
        return
    with (DATA / USERS).open("a", encoding="utf-8") as users:
        if not lock(users, wait=False):
            raise DevError(
                f"Another command uses {DATA}.", hint="Stop it first: `app dev --fresh` deletes the data."
            )
    EmbeddedServices(DATA).stop()  # what a killed process has left running is stopped, not orphaned
    shutil.rmtree(DATA)
    typer.echo(f"Deleted {DATA}.")


@contextmanager
def _only_one(port: int | None) -> Generator[None]:
    """Refuse a second `app dev` in this project: they would restart and stop each other's services."""
    DATA.mkdir(exist_ok=True)
    path = DATA / "dev.lock"
    with path.open("a+", encoding="utf-8") as file:
        if not lock(file, wait=False):
            file.seek(0)
            raise DevError(
                f"`app dev` runs in this project already: {file.read().strip() or 'see its terminal'}.",
                hint="Use that one, or stop it with Ctrl-C.",
            )
        file.truncate(0)
        file.write(f"http://{_HOST}:{port or ApiSettings.load().port}, process {os.getpid()}")
        file.flush()
        yield


async def _keep_alive(supervisor: Supervisor) -> None:
    """Start an embedded service again when it has died; all of it when its files are gone."""
    services = embedded_services()
    while True:
        await asyncio.sleep(_REVIVE_SECONDS)
        if services.are_gone():
            services.abandon()
            embedded_services.cache_clear()
            await asyncio.sleep(_REVIVE_SECONDS)  # whoever deletes them may still be at it
            supervisor.restart("`.data` is gone: the services begin empty.")
            return
        try:
            revived = await asyncio.to_thread(services.revive)
        except (AppError, OSError) as error:
            supervisor.say("dev", f"A service does not start: {error}", "red")
            continue
        for name in revived:
            supervisor.say("dev", f"{name} had died: started again.", "red")


async def _restart_on_settings(supervisor: Supervisor) -> None:
    """Start everything anew when a file with settings changes, unless what it says is wrong."""
    from watchfiles import awatch

    def is_watched(_change: object, path: str) -> bool:
        return Path(path).name in _WATCHED

    async for changes in awatch(ROOT, watch_filter=is_watched, recursive=False):
        Settings.load.cache_clear()
        try:
            run_preflight()
        except AppError as error:
            supervisor.say("dev", f"{error} Nothing is restarted before that is corrected.", "red")
            continue
        names = sorted({Path(path).name for _, path in changes})
        supervisor.restart(f"{' and '.join(names)} changed.")
        return


async def _development_key() -> str:
    """Return the key of this project's `app dev`, which stays the same until `.data` is deleted."""
    path = DATA / "key"
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    try:
        if text and await check_key(text):
            return text
        await revoke_keys_named(_KEY_NAME)
        key = await create_key(_KEY_NAME, ["admin"])
    finally:
        await dispose()
    path.touch(mode=0o600)
    path.write_text(key.text, encoding="utf-8")
    return key.text


async def _announce(supervisor: Supervisor, port: int, key: str) -> None:
    """Once the API answers, say what to do with it."""
    base = f"http://{_HOST}:{port}"
    await _until_port_answers(port)
    supervisor.say("dev", f"API key of this project: {key}", "green")
    for name, workflow in sorted(WORKFLOWS.load().items())[:1]:
        body = json.dumps({"workflow": name, "input": workflow.example})
        authorization = f"-H 'Authorization: Bearer {key}'"
        headers = f"-H 'Content-Type: application/json' {authorization}"
        command = f"curl {base}/v1/runs {headers} -d {shlex.quote(body)}"
        supervisor.say("dev", f"In another terminal: {command}", "green")
        supervisor.say("dev", f"Then its result:     curl {base}/v1/runs/ID {authorization}", "green")
    supervisor.say("dev", f"Ready: {base}/", "green")


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
