"""`app serve` and `app keys …`."""

import asyncio
import json
from collections.abc import Coroutine
from typing import Annotated, Any, TypeVar

import typer

T = TypeVar("T")

cli = typer.Typer()
keys = typer.Typer(help="Keys of the API's clients.", no_args_is_help=True)
cli.add_typer(keys, name="keys")

Json = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]


@cli.command(epilog="Example: uv run app serve --port 8080")
def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on. \\[default: API_HOST]")] = None,
    port: Annotated[
        int | None, typer.Option(min=1, max=65535, help="Port to listen on. \\[default: API_PORT]")
    ] = None,
) -> None:
    """Serve the API. Scale by starting more of these processes."""
    import structlog
    import uvicorn

    from app.api.settings import ApiSettings
    from app.core.lifespan import run_preflight
    from app.core.ports import require_free_port
    from app.main import create_app

    run_preflight()
    settings = ApiSettings.load()
    host, port = host or settings.host, port or settings.port
    require_free_port(host, port)
    if not settings.needs_keys() and host not in {"127.0.0.1", "::1", "localhost"}:
        advice = "remove API_KEYS_REQUIRED=false unless only this machine can reach it"
        structlog.get_logger(__name__).warning("api.open_without_keys", host=host, advice=advice)
    uvicorn.run(
        create_app(),
        host=host,
        port=port,
        log_config=None,
        server_header=False,
        timeout_graceful_shutdown=round(settings.shutdown_seconds),
    )


@keys.command(epilog="Example: uv run app keys create website --scope runs:write --scope runs:read")
def create(
    name: Annotated[str, typer.Argument(help="Who uses it.")],
    scope: Annotated[list[str], typer.Option(help="What it may do; can be repeated.")],
    days: Annotated[
        int | None, typer.Option(min=1, max=36_500, help="Days until it expires. \\[default: never]")
    ] = None,
    group: Annotated[
        list[str] | None, typer.Option(help="A group whose documents it may read; can be repeated.")
    ] = None,
    rate_limit: Annotated[
        int | None,
        typer.Option(min=1, max=1_000_000_000, help="Requests a minute. \\[default: API_RATE_LIMIT]"),
    ] = None,
    as_json: Json = False,
) -> None:
    """Create a key. It is shown once: only its digest is stored."""
    from datetime import timedelta

    from app.api.extensions import ROUTES
    from app.api.keys import create_key
    from app.api.scopes import check_declared, check_scopes

    check_scopes(scope)
    ROUTES.load()  # routes declare their scopes
    check_declared(scope)
    lifetime = timedelta(days=days) if days else None
    key = _run(create_key(name, scope, lifetime, rate_limit, group or []))
    if as_json:
        typer.echo(json.dumps({"key": key.text, "id": key.id, "scopes": list(key.scopes)}))
    else:
        typer.echo(key.text)
        typer.secho(f"[{key.id}: {', '.join(key.scopes)}] It is not shown again.", dim=True, err=True)


@keys.command("list", epilog="Example: uv run app keys list --json")
def list_(as_json: Json = False) -> None:
    """List the keys, without their secrets."""
    from app.api.keys import list_keys

    found = [
        {
            "id": key.id,
            "name": key.name,
            "scopes": key.scopes,
            "created_at": key.created_at.isoformat(),
            "last_used_at": key.last_used_at.isoformat() if key.last_used_at else None,
            "expires_at": key.expires_at.isoformat() if key.expires_at else None,
            "revoked_at": key.revoked_at.isoformat() if key.revoked_at else None,
        }
        for key in _run(list_keys())
    ]
    if as_json:
        typer.echo(json.dumps({"keys": found}))
        return
    for key in found:
        state = "revoked" if key["revoked_at"] else f"last used {key['last_used_at'] or 'never'}"
        typer.echo(f"{key['id']}  {key['name']}: {', '.join(key['scopes'] or [])}, {state}")
    if not found:
        typer.echo("No keys yet. Create one: app keys create NAME --scope runs:write")


@keys.command(epilog="Example: uv run app keys revoke 0123456789ab")
def revoke(key_id: Annotated[str, typer.Argument(help="The id, as `app keys list` shows it.")]) -> None:
    """Revoke a key permanently."""
    from app.api.keys import revoke_key

    _run(revoke_key(key_id))
    typer.echo(f"Revoked {key_id}.")


def _run(work: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine, and close its connections before the loop ends."""
    from app.db import dispose

    async def run() -> T:
        try:
            return await work
        finally:
            await dispose()

    return asyncio.run(run())
