"""Errors as OpenAI says them, on the routes that speak its format."""

import math
from collections.abc import Callable, Coroutine
from typing import Any

import structlog
from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException

from app.api import invalid_json
from app.core.errors import AppError
from app.core.redaction import redact_text
from app.llm import LLMError
from app.openai.schemas import ErrorBody, ErrorDetail

log = structlog.get_logger(__name__)

_TYPES = {401: "authentication_error", 403: "permission_error", 429: "rate_limit_error"}
_CODES = {"not-authenticated": "invalid_api_key", "model-context-too-long": "context_length_exceeded"}


def error_responses(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return the `responses=` of a route that can answer with these errors."""
    return {status: {"model": ErrorBody} for status in statuses}


class OpenAIRoute(APIRoute):
    """A route whose errors have OpenAI's shape."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return the handler of the route, with its errors turned into answers."""
        handler = super().get_route_handler()

        async def handle(request: Request) -> Response:
            try:
                return await handler(request)
            except (AppError, RequestValidationError, HTTPException) as error:
                return error_response(error)
            except Exception as error:
                log.exception("request.broken")
                return error_response(error)

        return handle


def error_response(error: Exception) -> JSONResponse:
    """Return the answer for an error."""
    status = _status(error)
    headers = dict(getattr(error, "headers", None) or {})
    if status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    # the SDK tries 429 and 5xx again by itself: not where that cannot help, or was done already
    headers["x-should-retry"] = str(_is_worth_another_try(error)).lower()
    if (seconds := getattr(error, "retry_after", None)) is not None:
        headers["Retry-After"] = str(math.ceil(seconds))
    return JSONResponse(error_body(error).model_dump(), status, headers=headers)


def _is_worth_another_try(error: Exception) -> bool:
    """Whether a client should try again. A call of a model has been, as often as `LLM_RETRIES` says."""
    return isinstance(error, AppError) and error.retryable and not isinstance(error, LLMError)


def error_body(error: Exception) -> ErrorBody:
    """Return the document for an error."""
    status = _status(error)
    kind = _TYPES.get(status, "invalid_request_error" if status < 500 else "api_error")
    message, param, code = _describe(error)
    return ErrorBody(error=ErrorDetail(message=redact_text(message), type=kind, param=param, code=code))


def _describe(error: Exception) -> tuple[str, str | None, str | None]:
    """Return message, parameter and code."""
    if isinstance(error, AppError):
        if error.status >= 500:
            log.error("request.failed", code=error.code, detail=error.detail, exc_info=error)
        return str(error), error.fields[0].field if error.fields else None, _CODES.get(error.code, error.code)
    if isinstance(error, RequestValidationError):
        problem = error.errors()[0]
        if problem["type"] == "json_invalid":
            return invalid_json(problem), None, "invalid_json"
        if problem["loc"] == ("body",):
            return "The body must be a JSON object, sent as application/json.", None, "invalid_value"
        path = [str(part) for part in problem["loc"][1:]]
        param = ".".join(part for part in path if part.isidentifier() or part.isdigit()) or None
        return f"{param or 'The body'}: {problem['msg']}.", param, "invalid_value"
    detail = error.detail if isinstance(error, HTTPException) else "Something broke on our side."
    return str(detail), None, None


def _status(error: Exception) -> int:
    """Return the status. What OpenAI answers with 400 is 400 here."""
    if isinstance(error, RequestValidationError):
        return 400
    if isinstance(error, HTTPException):
        return error.status_code
    if not isinstance(error, AppError):
        return 500
    return 400 if error.status == 422 or error.code == "model-context-too-long" else error.status
