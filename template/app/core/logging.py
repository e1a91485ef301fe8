"""One pipeline for every log line: ours (structlog) and the libraries' (standard library).

Pretty lines in development, JSON otherwise. Each line carries the scope of the work that goes on (`scope.py`:
`request_id`, `run_id` …), and no secret: see `redaction.py`. Tracebacks come without local variables,
which is where secrets hide.
"""

import logging
import os
import sys
from collections.abc import MutableMapping
from typing import Any, cast

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from app.core.bugs import BugHandler
from app.core.redaction import redact
from app.core.scope import current_scope
from app.core.settings import AppSettings
from app.core.spans import trace_ids

_CHATTY = (
    "alembic",
    "anthropic",
    "asyncio",
    "botocore",
    "google_genai",
    "httpcore",
    "httpcore2",
    "httpx",
    "httpx2",
    "openai",
    "watchfiles",
)
_OWN_HANDLERS = ("uvicorn", "uvicorn.error", "uvicorn.access", "celery", "celery.task", "kombu")


def configure_logging(settings: AppSettings | None = None) -> None:
    """Set up logging for this process. Later calls replace the earlier set-up."""
    settings = settings or AppSettings.load()
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,  # fields of your own, bound with structlog
        _add_scope,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.stdlib.ExtraAdder(),
        _drop_color_message,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
    ]
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.PositionalArgumentsFormatter(),
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                *_renderers(pretty=settings.environment == "development"),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler, BugHandler()]
    root.setLevel(settings.log_level.upper())
    logging.captureWarnings(capture=True)
    _quiet_libraries()


def _add_scope(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Add the scope and the place in the trace; a field of the line itself has precedence."""
    return {**current_scope().fields, **trace_ids(), **event}


def _quiet_libraries() -> None:
    """Send the libraries' records through our handler alone, and drop the chatter of libraries."""
    for name in _OWN_HANDLERS:
        logger = logging.getLogger(name)
        logger.handlers.clear()
        logger.propagate = True
    logging.getLogger("uvicorn.access").disabled = True  # app/api logs requests, with their id
    for name in _CHATTY:
        logging.getLogger(name).setLevel(logging.WARNING)


def _renderers(*, pretty: bool) -> list[Processor]:
    """Exceptions become data first, then everything is redacted, then written."""
    if pretty:
        colors = sys.stderr.isatty() or "FORCE_COLOR" in os.environ
        console = structlog.dev.ConsoleRenderer(
            colors=colors, exception_formatter=structlog.dev.plain_traceback
        )
        return [structlog.processors.format_exc_info, _redact, console]
    to_dict = structlog.tracebacks.ExceptionDictTransformer(show_locals=False)
    return [
        structlog.processors.ExceptionRenderer(to_dict),
        _redact,
        structlog.processors.JSONRenderer(ensure_ascii=False, default=str),
    ]


def _drop_color_message(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Uvicorn repeats its messages with escape codes."""
    event.pop("color_message", None)
    return event


def _redact(_logger: WrappedLogger, _method: str, event: EventDict) -> MutableMapping[str, Any]:
    return cast("MutableMapping[str, Any]", redact(event))
