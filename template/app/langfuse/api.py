"""Langfuse's public API (https://api.reference.langfuse.com), the little of it that is needed.

Its SDK would bring 28 packages, and a tracer of its own that logs and blocks; this is three requests.
"""

from typing import Any
from urllib.parse import quote

import httpx2
from pydantic import BaseModel, ValidationError

from app.core.errors import ServiceUnavailable
from app.observability import LangfuseSettings, langfuse_headers

_SECONDS = 3.0


class LangfuseUnavailable(ServiceUnavailable):
    """Langfuse does not answer, or not as it should."""


class RemotePrompt(BaseModel):
    """A prompt as Langfuse has it."""

    name: str
    version: int
    prompt: str
    labels: list[str] = []


def get_prompt(name: str, label: str) -> RemotePrompt | None:
    """Return the version of a prompt that has a label; None if there is none."""
    answer = _ask("GET", f"v2/prompts/{quote(name, safe='')}", params={"label": label})
    if answer.status_code == 404:
        return None
    return _read(answer)


def create_prompt(name: str, text: str, labels: list[str]) -> RemotePrompt:
    """Create the next version of a prompt."""
    body = {"type": "text", "name": name, "prompt": text, "labels": labels}
    return _read(_ask("POST", "v2/prompts", json=body))


def create_score(score_id: str, trace_id: str, name: str, *, value: bool, comment: str) -> None:
    """Add a score to a trace; in the place of an earlier one with this ID."""
    body = {
        "id": score_id,
        "traceId": trace_id,
        "name": name,
        "value": int(value),
        "dataType": "BOOLEAN",
        "comment": comment,
    }
    _check(_ask("POST", "scores", json=body))


def _ask(method: str, path: str, **more: Any) -> httpx2.Response:
    settings = LangfuseSettings.load()
    url = f"{settings.host.rstrip('/')}/api/public/{path}"
    try:
        return httpx2.request(method, url, headers=langfuse_headers(settings), timeout=_SECONDS, **more)
    except httpx2.HTTPError as error:
        raise _unavailable(f"{type(error).__name__}: {error}") from None


def _check(answer: httpx2.Response) -> None:
    if not answer.is_success:
        raise _unavailable(f"it answers {answer.status_code}")


def _read(answer: httpx2.Response) -> RemotePrompt:
    _check(answer)
    try:
        return RemotePrompt.model_validate_json(answer.content)
    except ValidationError:
        raise _unavailable("its answer is no text prompt") from None


def _unavailable(reason: str) -> LangfuseUnavailable:
    host = LangfuseSettings.load().host
    return LangfuseUnavailable(
        f"Langfuse at {host} cannot be used: {reason}.", hint="Check LANGFUSE_HOST and both keys."
    )
