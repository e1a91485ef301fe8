"""Errors as callers see them; on most routes as `application/problem+json` (RFC 9457)."""

import errno
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.params import Form
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException
from starlette.routing import compile_path

from app.core.errors import AppError, FieldError, InvalidInput
from app.core.redaction import redact_text
from app.core.scope import current_scope

log = structlog.get_logger(__name__)

MEDIA_TYPE = "application/problem+json"
_DISK_FULL = (errno.ENOSPC, errno.EDQUOT)


class ProblemField(BaseModel):
    """One wrong field of the request."""

    field: str = Field(examples=["body.input.text"])
    message: str = Field(examples=["Field required"])


class Problem(BaseModel):
    """What went wrong with a request."""

    type: str = Field(default="about:blank", description="A URI for the kind of problem.")
    title: str = Field(examples=["Not found"])
    status: int = Field(examples=[404])
    code: str = Field(description="The kind of problem, for programs.", examples=["not-found"])
    detail: str | None = Field(None, description="What is wrong with this request.")
    hint: str | None = Field(None, description="What to do about it.")
    instance: str | None = Field(None, description="The path of the request.")
    request_id: str | None = Field(None, description="Find this request in the logs.")
    errors: list[ProblemField] | None = Field(None, description="Which fields are wrong.")


def problem_responses(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return the `responses=` of a route that can answer with these problems."""
    return {
        status: {
            "description": HTTPStatus(status).phrase,
            "model": Problem,
            "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
        }
        for status in statuses
    }


@dataclass(frozen=True, kw_only=True)
class Description:
    """An error in the words of an API, whatever the format of its answers."""

    status: int
    code: str
    title: str | None = None
    """None: the usual phrase for the status."""
    detail: str | None = None
    hint: str | None = None
    fields: Sequence[FieldError] = ()
    headers: Mapping[str, str] = field(default_factory=dict)


def describe(error: Exception, request: Request | None = None) -> Description:
    """Return what a caller sees of an error. What is our own fault is logged, and not shown."""
    if isinstance(error, AppError):
        return _app_error(error)
    if isinstance(error, RequestValidationError):
        return _validation_error(error, request)
    if isinstance(error, HTTPException):
        return _http_error(error, request)
    log.error("request.broken", exc_info=error)
    if isinstance(error, OSError) and error.errno in _DISK_FULL:
        return Description(status=507, code="insufficient-storage", detail="The server's disk is full.")
    return Description(status=500, code="internal-error", detail="Something broke on our side.")


def problem_response(path: str, described: Description) -> JSONResponse:
    """Return a problem document; its text is redacted."""
    problem = Problem(
        title=described.title or HTTPStatus(described.status).phrase,
        status=described.status,
        code=described.code,
        detail=redact_text(described.detail) if described.detail else None,
        hint=redact_text(described.hint) if described.hint else None,
        instance=path,
        request_id=current_scope().request_id,
        errors=[ProblemField(field=f.field, message=f.message) for f in described.fields] or None,
    )
    return JSONResponse(
        problem.model_dump(exclude_none=True),
        described.status,
        headers=dict(described.headers),
        media_type=MEDIA_TYPE,
    )


def install_problem_handlers(app: FastAPI) -> None:
    """Make every error of `app` a problem document."""

    def answer(request: Request, error: Exception) -> JSONResponse:
        return problem_response(request.url.path, describe(error, request))

    for kind in (AppError, RequestValidationError, HTTPException):
        app.add_exception_handler(kind, answer)
    document = app.openapi

    def openapi() -> dict[str, Any]:
        return _without_plain_json(document())

    setattr(app, "openapi", openapi)  # noqa: B010 - FastAPI's own way to extend the document


def _without_plain_json(document: dict[str, Any]) -> dict[str, Any]:
    """Drop the media type that FastAPI adds to each response with a model: ours is another."""
    for path in document["paths"].values():
        for operation in path.values():
            for response in operation["responses"].values():
                if MEDIA_TYPE in response.get("content", {}):
                    response["content"].pop("application/json", None)
    return document


def _app_error(error: AppError) -> Description:
    if error.status >= 500:
        log.error("request.failed", code=error.code, detail=error.detail, exc_info=error)
    return Description(
        status=error.status,
        code=error.code,
        title=error.title,
        detail=error.detail,
        hint=error.hint,
        fields=error.fields,
        headers={"WWW-Authenticate": "Bearer"} if error.status == 401 else {},
    )


def _http_error(error: HTTPException, request: Request | None) -> Description:
    status = HTTPStatus(error.status_code)
    if error.detail == "There was an error parsing the body":
        if isinstance(error.__cause__, OSError):  # a large upload is written to disk while it arrives
            return describe(error.__cause__)
        detail = (
            "The body is not valid JSON: it is not UTF-8, or nested too deeply, or has too long a number."
        )
        return Description(status=status, code="invalid-json", detail=detail)
    headers = dict(error.headers or {})
    if request and "Allow" in headers:
        headers["Allow"] = _allowed(request, headers["Allow"])
    return Description(
        status=status,
        code=status.phrase.lower().replace(" ", "-"),
        detail=error.detail if error.detail != status.phrase else None,
        headers=headers,
    )


def _allowed(request: Request, named: str) -> str:
    """Return the methods of all routes with this path; Starlette names those of the first one alone."""
    documented = {
        method.upper()
        for template, operations in request.app.openapi()["paths"].items()
        for method in operations
        if compile_path(template)[0].match(request.url.path)
    }
    return ", ".join(sorted(documented | set(named.split(", "))))


def _validation_error(error: RequestValidationError, request: Request | None) -> Description:
    problems = error.errors()
    if problems and problems[0]["type"] == "json_invalid":
        return Description(status=400, code="invalid-json", detail=_invalid_json(problems[0]))
    if request and _has_wrong_content_type(request):
        return Description(
            status=415,
            code="unsupported-media-type",
            detail="The body must be JSON.",
            hint="Send the header Content-Type: application/json.",
        )
    return Description(
        status=422,
        code=InvalidInput.code,
        title=InvalidInput.title,
        detail="The request does not fit the schema.",
        fields=[FieldError(".".join(map(str, p["loc"])), p["msg"]) for p in problems],
    )


def _invalid_json(problem: Mapping[str, Any]) -> str:
    """Say what pydantic's problem `json_invalid` means, and where."""
    reason = str(problem["ctx"]["error"]).removesuffix(" at")
    return f"The body is not valid JSON: {reason} (at character {problem['loc'][-1]})."


def _has_wrong_content_type(request: Request) -> bool:
    """Whether a body came that is not declared as JSON, to a route that takes JSON."""
    body = getattr(request.scope.get("route"), "body_field", None)
    if body and isinstance(body.field_info, Form):
        return False
    has_body = request.headers.get("content-length", "0") != "0" or "transfer-encoding" in request.headers
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    is_json = media_type == "application/json" or media_type.endswith("+json")
    return has_body and not is_json
