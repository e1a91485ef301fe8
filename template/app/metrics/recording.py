"""The sink of spans that counts them."""

from collections.abc import Callable

from app.core.spans import Span
from app.metrics.settings import MetricsSettings


def record(piece: Span) -> Callable[[], None] | None:
    """Count a span when it ends. A sink of `core.span_sinks`.

    Commands on this machine are not counted: they end before anybody asks.
    """
    is_asked_for = piece.scope.request_id or piece.scope.run_id
    if not is_asked_for or not MetricsSettings.load().counts():
        return None
    return lambda: _count(piece)


def _count(piece: Span) -> None:
    from app.metrics.counting import count  # brings Prometheus' client, which commands do not need

    count(piece)
