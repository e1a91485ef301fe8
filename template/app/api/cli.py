"""`app serve`."""

from typing import Annotated

import typer

cli = typer.Typer()


@cli.command(epilog="Example: uv run app serve --port 8080")
def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on. [default: API_HOST]")] = None,
    port: Annotated[
        int | None, typer.Option(min=1, max=65535, help="Port to listen on. [default: API_PORT]")
    ] = None,
) -> None:
    """Serve the API. Scale by starting more of these processes."""
    import uvicorn

    from app.api.ports import require_free_port
    from app.api.settings import ApiSettings
    from app.core.registry import run_preflight
    from app.main import create_app

    run_preflight()
    settings = ApiSettings.load()
    host, port = host or settings.host, port or settings.port
    require_free_port(host, port)
    uvicorn.run(
        create_app(),
        host=host,
        port=port,
        log_config=None,
        server_header=False,
        timeout_graceful_shutdown=round(settings.shutdown_seconds),
    )
