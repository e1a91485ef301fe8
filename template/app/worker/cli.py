"""`app worker` and `app beat`."""

from typing import Annotated

import typer

cli = typer.Typer()


@cli.command(epilog="Example: uv run app worker --concurrency 4")
def worker(
    concurrency: Annotated[
        int | None, typer.Option(min=1, help="Tasks at the same time. \\[default: WORKER_CONCURRENCY]")
    ] = None,
    queue: Annotated[
        list[str] | None, typer.Option(help="Work on this queue alone; can be repeated. \\[default: all]")
    ] = None,
) -> None:
    """Work on queued tasks until stopped."""
    from app.core.lifespan import run_preflight
    from app.worker import get_celery_app
    from app.worker.consuming import worker_queues
    from app.worker.settings import WorkerSettings

    run_preflight()
    count = concurrency or WorkerSettings.load().concurrency
    get_celery_app().conf.task_queues = worker_queues(queue)
    options = ["--pool=threads", f"--concurrency={count}", "--without-gossip", "--without-mingle"]
    _start("worker", *options)


@cli.command(epilog="Example: uv run app beat")
def beat() -> None:
    """Run the scheduled tasks, each in its interval. One of these is enough; two do no harm."""
    from app.core.lifespan import run_preflight
    from app.worker.beat import run_beat

    run_preflight()
    run_beat()


def _start(*arguments: str) -> None:
    """Run a Celery command with our broker: by itself it reads `BROKER_URL`, which may lack the password."""
    from app.worker import BrokerSettings, get_celery_app

    url = BrokerSettings.load().connection_url()
    get_celery_app().start(["--quiet", f"--broker={url}", *arguments])
