"""What happens around every request. Plain ASGI: no copy of the body, no extra task."""

import re
import time
from collections.abc import Sequence
from functools import cache

import structlog
from fastapi import FastAPI
from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.api.extensions import PROBES
from app.api.pages import PATHS as PAGES
from app.api.problems import Description, problem_response
from app.api.security import is_known
from app.api.settings import ApiSettings
from app.core.scope import in_scope
from app.core.spans import span, valid_traceparent
from app.db import new_id

log = structlog.get_logger("app.api")

_REQUEST_ID = re.compile(r"[\w.:-]{1,100}", re.ASCII)
_DRAINED_BYTES = 100_000_000


def install_middleware(app: FastAPI) -> None:
    """Put everything around the routes. What is added last is outermost."""
    settings = ApiSettings.load()
    app.add_middleware(BodyLimit, limit=settings.max_body_bytes, known_limit=settings.max_input_bytes)
    if hosts := settings.allowed_hosts():
        app.add_middleware(TrustedHosts, hosts=hosts)
    app.add_middleware(RequestLog)
    if settings.cors_origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=settings.cors_origins,
            allow_methods=["*"],
            allow_headers=["*"],
            expose_headers=["*"],
        )
    app.add_middleware(ResponseHeaders)


class RequestLog:
    """Give each request an id, log it in one line, and answer 500 when a route breaks.

    A client may send its own id in `X-Request-ID`; the answer repeats it.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        request_id, above = _request_id(headers), valid_traceparent(headers.get("traceparent", ""))
        started = time.perf_counter()
        status = 0

        async def send_with_id(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = int(message["status"])
                MutableHeaders(scope=message)["X-Request-ID"] = request_id
            await send(message)

        known = in_scope(request_id=request_id, traceparent=above)
        with known, span("request", method=scope["method"]) as piece:
            try:
                await self.app(scope, receive, send_with_id)
            except Exception as error:
                piece.fail(error)
                log.exception("request.broken", method=scope["method"], path=scope["path"])
                if status:
                    raise  # the answer has begun: all that is left is to cut the connection
                detail = "Something broke on our side."
                response = problem_response(
                    scope["path"], Description(status=500, code="internal-error", detail=detail)
                )
                await response(scope, receive, send_with_id)
            finally:
                piece.set(path=_printable_path(scope), route=_route(scope), status=status)
                if _is_probe(scope):
                    piece.set(probe=True)
                _log_request(scope, status, time.perf_counter() - started)


def _request_id(headers: Headers) -> str:
    sent = headers.get("x-request-id", "")
    return sent if _REQUEST_ID.fullmatch(sent) else str(new_id())


def _log_request(scope: Scope, status: int, seconds: float) -> None:
    write = log.debug if _is_probe(scope) else log.info
    write(
        "request",
        method=scope["method"],
        path=_printable_path(scope),
        status=status,
        ms=round(seconds * 1000, 1),
    )


def _is_probe(scope: Scope) -> bool:
    path: str = scope["path"]
    return any(path == probe or path.startswith(f"{probe}/") for probe in _probes())


@cache
def _probes() -> tuple[str, ...]:
    return tuple(PROBES.load().values())


def _route(scope: Scope) -> str | None:
    """Return the path as the route has it, such as `/v1/runs/{run_id}`; None for an unknown one."""
    path: str | None = getattr(scope.get("route"), "path", None)
    return path


def _printable_path(scope: Scope) -> str:
    """Return the path for a line of the log, in which no client can begin another line."""
    path: str = scope["path"]
    return path if path.isprintable() else repr(path)


class ResponseHeaders:
    """Put headers on every answer: those that protect browsers, and what the caller has left to use."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        state = scope.setdefault("state", {})

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _security_headers(scope).items():
                    headers.setdefault(name, value)
                if quota := state.get("quota"):
                    headers.update(quota.headers())
            await send(message)

        await self.app(scope, receive, send_with_headers)


_SECURITY_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cache-Control": "no-store",
}
"""What the OWASP REST Security Cheat Sheet asks of an API."""

_PAGES_POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; frame-ancestors 'none'"
)
"""The pages for people load Swagger UI, from here."""


def _security_headers(scope: Scope) -> dict[str, str]:
    headers = dict(_SECURITY_HEADERS)
    if scope["path"] in PAGES:
        headers["Content-Security-Policy"] = _PAGES_POLICY
    if scope["scheme"] == "https":
        headers["Strict-Transport-Security"] = "max-age=31536000; includeSubDomains"
    return headers


class TrustedHosts:
    """Refuse a request for a host that is none of ours."""

    def __init__(self, app: ASGIApp, hosts: Sequence[str]) -> None:
        self.app = app
        self.hosts = [host.lower() for host in hosts]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] != "http" or _is_probe(scope) or self._is_ours(Headers(scope=scope).get("host", "")):
            await self.app(scope, receive, send)
            return
        detail = "The API is not served under this host name; API_TRUSTED_HOSTS has those that are."
        response = problem_response(
            scope["path"], Description(status=400, code="untrusted-host", detail=detail)
        )
        await response(scope, receive, send)

    def _is_ours(self, host: str) -> bool:
        name = re.sub(r":\d*$", "", host.lower()).removesuffix(".")
        return any(
            known in {name, "*"} or (known.startswith("*.") and name.endswith(known[1:]))
            for known in self.hosts
        )


async def _drain(receive: Receive) -> None:
    """Read on for a while: a client that is still sending would miss the answer."""
    drained = 0
    while drained < _DRAINED_BYTES:
        message = await receive()
        drained += len(message.get("body", b""))
        if not message.get("more_body", False):
            return


class BodyLimit:
    """Refuse a body of more than `limit` bytes, also one that does not say its length.

    Callers with a valid key may send up to `known_limit`: what strangers send is not kept in memory.
    """

    def __init__(self, app: ASGIApp, limit: int, known_limit: int) -> None:
        self.app = app
        self.limit = limit
        self.known_limit = max(limit, known_limit)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request. The error is raised where the route reads the body."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        announced = Headers(scope=scope).get("content-length", "")
        size = int(announced) if announced.isdigit() else 0
        received, limit = 0, self.limit

        async def fits(length: int) -> bool:
            nonlocal limit
            if length > limit == self.limit and await is_known(scope):
                limit = self.known_limit
            return length <= limit

        async def receive_limited() -> Message:
            nonlocal received
            if await fits(max(size, received)):
                message = await receive()
                received += len(message.get("body", b""))
                if await fits(received):
                    return message
            await _drain(receive)
            raise _too_large(limit, "API_MAX_BODY_BYTES" if limit == self.limit else "API_MAX_INPUT_BYTES")

        await self.app(scope, receive_limited, send)


def _too_large(limit: int, setting: str) -> HTTPException:
    said = f"The body has more than {limit} bytes ({setting})."
    return HTTPException(413, said, {"Connection": "close"})
