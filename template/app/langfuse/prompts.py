"""Prompts that are managed in Langfuse: the version with the label of the settings, instead of the file.

Nothing waits for Langfuse: prompts are fetched by a thread, at the start and when one is used, once a minute
at the most. What is not here yet, or does not fit the code, is the file.
"""

import asyncio
import time
from collections.abc import AsyncGenerator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import cache

import structlog

from app.core.spans import call_at_end
from app.langfuse.api import LangfuseUnavailable, get_prompt
from app.llm import Prompt, PromptError, parse_prompt, prompt_files
from app.observability import LangfuseSettings

log = structlog.get_logger(__name__)

_FRESH_SECONDS = 60.0
_START_SECONDS = 2.0
"""That the start waits at the most."""


@dataclass(frozen=True)
class _Fetched:
    prompt: Prompt | None
    until: float
    """When it is to be fetched again, on the monotonic clock."""


_fetched: dict[str, _Fetched] = {}
_under_way: dict[str, "Future[None]"] = {}


def managed_prompt(local: Prompt) -> Prompt | None:
    """Return what Langfuse has in the place of a prompt's file; None: the file. Never waits.

    A source of `llm.prompt_sources`.
    """
    if not _label():
        return None
    known = _fetched.get(local.name)
    if known is None or known.until < time.monotonic():
        _fetch_soon(local)
    return known.prompt if known else None


@asynccontextmanager
async def lifespan() -> AsyncGenerator[None, None]:
    """Fetch all prompts at the start, and wait for them a little."""
    if _label():
        under_way = [_fetch_soon(parse_local(name)) for name in prompt_files()]
        await asyncio.to_thread(wait, under_way, _START_SECONDS)
    yield


def parse_local(name: str) -> Prompt:
    """Return the prompt of a file, whatever Langfuse has."""
    return parse_prompt(prompt_files()[name].read_text(encoding="utf-8"), name)


def forget() -> None:
    """Forget what was fetched."""
    _fetched.clear()
    _under_way.clear()


def as_local(local: Prompt, version: int, text: str) -> Prompt:
    """Return a text of Langfuse as a prompt with the variables of the file. Raises `PromptError`."""
    variables = ", ".join(local.variables)
    header = f"---\nname: {local.name}\nversion: {version}\nvariables: [{variables}]\n---\n"
    return parse_prompt(f"{header}{text}", local.name)


def _label() -> str | None:
    settings = LangfuseSettings.load()
    return settings.prompt_label if settings.is_used() else None


def _fetch_soon(local: Prompt) -> "Future[None]":
    under_way = _under_way.get(local.name)
    if under_way is None or under_way.done():
        under_way = _under_way[local.name] = _threads().submit(_fetch, local, _label() or "")
    return under_way


@cache
def _threads() -> ThreadPoolExecutor:
    threads = ThreadPoolExecutor(max_workers=4, thread_name_prefix="langfuse")
    call_at_end(lambda: threads.shutdown(wait=False, cancel_futures=True))
    return threads


def _fetch(local: Prompt, label: str) -> None:
    before = _fetched.get(local.name)
    prompt = before.prompt if before else None
    try:
        found = get_prompt(local.name, label)
        prompt = as_local(local, found.version, found.prompt) if found else None
    except LangfuseUnavailable as error:  # what was there stays
        log.warning("langfuse.prompt_not_fetched", prompt=local.name, error=error.detail)
    except PromptError as error:
        prompt = None
        log.error("langfuse.prompt_refused", prompt=local.name, error=error.detail)
    except Exception:  # nobody waits for this thread: it would be lost, and tried again for each call
        log.exception("langfuse.prompt_not_fetched", prompt=local.name)
    _fetched[local.name] = _Fetched(prompt, time.monotonic() + _FRESH_SECONDS)
