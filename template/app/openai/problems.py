"""Errors as OpenAI says them, on the routes that speak its format."""

import math
from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import Request, Response
from fastapi.responses import JSONResponse
from fastapi.routing import APIRoute

from app.api import Description, describe
from app.core.errors import AppError, FieldError, in_one_line
from app.core.redaction import redact_text
from app.llm import LLMError
from app.openai.schemas import ErrorBody, ErrorDetail

_TYPES = {401: "authentication_error", 403: "permission_error", 429: "rate_limit_error"}
_CODES = {
    "invalid-input": "invalid_value",
    "invalid-json": "invalid_json",
    "model-context-too-long": "context_length_exceeded",
    "not-authenticated": "invalid_api_key",
    "unsupported-media-type": "invalid_value",
}


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
            except Exception as error:  # noqa: BLE001 - `describe` logs it
                return error_response(error, request)

        return handle


def error_response(error: Exception, request: Request | None = None) -> JSONResponse:
    """Return the answer for an error."""
    described = describe(error, request)
    headers = dict(described.headers)
    # the SDK tries 429 and 5xx again by itself: not where that cannot help, or was done already
    headers["x-should-retry"] = str(_is_worth_another_try(error)).lower()
    if (seconds := getattr(error, "retry_after", None)) is not None:
        headers["Retry-After"] = str(math.ceil(seconds))
    return JSONResponse(_body(described).model_dump(), _status(described), headers=headers)


def error_body(error: Exception) -> ErrorBody:
    """Return the document for an error."""
    return _body(describe(error))


def _is_worth_another_try(error: Exception) -> bool:
    """Whether a client should try again. A call of a model has been, as often as `LLM_RETRIES` says."""
    return isinstance(error, AppError) and error.retryable and not isinstance(error, LLMError)


def _body(described: Description) -> ErrorBody:
    status = _status(described)
    kind = _TYPES.get(status, "invalid_request_error" if status < 500 else "api_error")
    fields = [_parameter(wrong) for wrong in described.fields]
    return ErrorBody(
        error=ErrorDetail(
            message=redact_text(in_one_line(described.detail or "", fields, described.hint)),
            type=kind,
            param=fields[0].field or None if fields else None,
            code=_CODES.get(described.code, described.code),
        )
    )


def _parameter(wrong: FieldError) -> FieldError:
    """Return a wrong field under the name that clients have for it: without `body`, and without the names
    of the variants that pydantic has tried.
    """
    path = wrong.field.removeprefix("body").split(".")
    return FieldError(".".join(part for part in path if part.isidentifier() or part.isdigit()), wrong.message)


def _status(described: Description) -> int:
    """Return the status. What OpenAI answers with 400 is 400 here."""
    is_bad_request = described.status in {415, 422} or described.code == "model-context-too-long"
    return 400 if is_bad_request else described.status
