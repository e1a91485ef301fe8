"""Errors as `application/problem+json` (RFC 9457). One handler for each kind of error."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException
from starlette.routing import compile_path

from app.core.errors import AppError
from app.core.redaction import redact_text
from app.core.scope import current_scope

log = structlog.get_logger(__name__)

MEDIA_TYPE = "application/problem+json"


class ProblemField(BaseModel):
    """One wrong field of the request."""

    field: str = Field(examples=["body.input.text"])
    message: str = Field(examples=["Field required"])


class Problem(BaseModel):
    """What went wrong with a request."""

    type: str = Field("about:blank", description="A URI for the kind of problem.")
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


def problem_response(
    path: str, status: int, code: str, headers: Mapping[str, str] | None = None, **members: Any
) -> JSONResponse:
    """Return a problem document; its text is redacted."""
    for name in ("detail", "hint"):
        if members.get(name):
            members[name] = redact_text(members[name])
    problem = Problem(
        title=members.pop("title", None) or HTTPStatus(status).phrase,
        status=status,
        code=code,
        instance=path,
        request_id=current_scope().request_id,
        **members,
    )
    return JSONResponse(
        problem.model_dump(exclude_none=True), status, headers=dict(headers or {}), media_type=MEDIA_TYPE
    )


def install_problem_handlers(app: FastAPI) -> None:
    """Make every error of `app` a problem document."""
    app.add_exception_handler(AppError, _app_error)
    app.add_exception_handler(RequestValidationError, _validation_error)
    app.add_exception_handler(HTTPException, _http_error)
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


def _app_error(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, AppError)
    if error.status >= 500:
        log.error("request.failed", code=error.code, detail=error.detail, exc_info=error)
    return problem_response(
        request.url.path,
        error.status,
        error.code,
        title=error.title,
        detail=error.detail,
        hint=error.hint,
        headers={"WWW-Authenticate": "Bearer"} if error.status == 401 else None,
        errors=[ProblemField(field=f.field, message=f.message) for f in error.fields] or None,
    )


def _http_error(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    status = HTTPStatus(error.status_code)
    if error.detail == "There was an error parsing the body":
        detail = (
            "The body is not valid JSON: it is not UTF-8, or nested too deeply, or has too long a number."
        )
        return problem_response(request.url.path, status, "invalid-json", detail=detail)
    headers = error.headers
    if headers and "Allow" in headers:
        headers = {"Allow": _allowed(request, headers["Allow"])}
    return problem_response(
        request.url.path,
        status,
        status.phrase.lower().replace(" ", "-"),
        headers=headers,
        detail=error.detail if error.detail != status.phrase else None,
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


def invalid_json(problem: Mapping[str, Any]) -> str:
    """Say what pydantic's problem `json_invalid` means, and where."""
    reason = str(problem["ctx"]["error"]).removesuffix(" at")
    return f"The body is not valid JSON: {reason} (at character {problem['loc'][-1]})."


def _validation_error(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    problems = error.errors()
    if problems and problems[0]["type"] == "json_invalid":
        return problem_response(request.url.path, 400, "invalid-json", detail=invalid_json(problems[0]))
    if _has_wrong_content_type(request):
        return problem_response(
            request.url.path,
            415,
            "unsupported-media-type",
            detail="The body must be JSON.",
            hint="Send the header Content-Type: application/json.",
        )
    return problem_response(
        request.url.path,
        422,
        "invalid-input",
        title="Invalid input",
        detail="The request does not fit the schema: see errors.",
        errors=[ProblemField(field=".".join(map(str, p["loc"])), message=p["msg"]) for p in problems],
    )


def _has_wrong_content_type(request: Request) -> bool:
    """Whether a body came that is not declared as JSON. All our routes take JSON."""
    has_body = request.headers.get("content-length", "0") != "0" or "transfer-encoding" in request.headers
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    is_json = media_type == "application/json" or media_type.endswith("+json")
    return has_body and not is_json
