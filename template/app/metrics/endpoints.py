"""`/metrics`."""

from collections.abc import Iterable

from fastapi import APIRouter, Response
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Metric, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from app.api import problem_responses, require
from app.core.threads import run_in_thread
from app.metrics.files import folder
from app.metrics.gauges import gauges

PATH = "/metrics"

router = APIRouter(tags=["metrics"])


@router.get(
    PATH,
    dependencies=[require("metrics:read")],
    response_class=Response,
    responses={200: {"content": {"text/plain": {}}}, **problem_responses(401, 403)},
)
async def get_metrics() -> Response:
    """Return numbers for Prometheus: what the processes of this machine have counted, and what holds now."""
    text = await run_in_thread(_exposition, await gauges())
    return Response(text, media_type=CONTENT_TYPE_LATEST)


class _Known(Collector):
    """What was looked up before."""

    def __init__(self, metrics: Iterable[Metric]) -> None:
        self._metrics = metrics

    def collect(self) -> Iterable[Metric]:
        """Return it."""
        return self._metrics


def _exposition(known: Iterable[Metric]) -> bytes:
    registry = CollectorRegistry()
    registry.register(_Known(known))
    MultiProcessCollector(registry, str(folder()))  # type: ignore[no-untyped-call]
    return generate_latest(registry)
