"""Layers around a call: a chain of responsibility, outermost first.

    feature layers → cache → fallback → retry → timeout → the provider

Each is an async generator that hands the call to `handler`, passes on its events, and may step in. Once a
piece of text has left, a call is not tried again: the caller has already seen it.
"""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import replace

import structlog

from app.core.backoff import backoff
from app.llm.calls import Call, Event, Handler, Layer
from app.llm.errors import (
    ModelKeyRejected,
    ModelNotConfigured,
    ModelNotFound,
    ModelTimedOut,
    ModelUnavailable,
    QuotaExceeded,
)
from app.llm.settings import LLMSettings

log = structlog.get_logger(__name__)

_FALL_BACK_ON = (ModelUnavailable, QuotaExceeded, ModelKeyRejected, ModelNotFound, ModelNotConfigured)
_LONGEST_WAIT = 30.0


def chain(layers: Sequence[Layer], handler: Handler) -> Handler:
    """Return a handler that passes each call through the layers, the first one outermost."""
    for layer in reversed(layers):
        handler = _wrap(layer, handler)
    return handler


def _wrap(layer: Layer, handler: Handler) -> Handler:
    return lambda call: layer(call, handler)


async def timeout(call: Call, handler: Handler) -> AsyncGenerator[Event, None]:
    """Give up an attempt after `LLM_TIMEOUT` seconds of waiting for the model."""
    seconds = LLMSettings.load().timeout
    left = seconds
    clock = asyncio.get_running_loop().time
    async with aclosing(handler(call)) as events:
        while True:
            started = clock()
            try:
                # only the wait for the model counts, not what the caller does between two pieces
                async with asyncio.timeout(left):
                    event = await anext(events)
            except StopAsyncIteration:
                return
            except TimeoutError:
                raise ModelTimedOut(
                    f"{call.model} did not answer within {seconds:g} seconds.",
                    hint="Try again later, or raise LLM_TIMEOUT.",
                ) from None
            left -= clock() - started
            yield event


async def retry(call: Call, handler: Handler) -> AsyncGenerator[Event, None]:
    """Try again after an outage, up to `LLM_RETRIES` times, waiting longer each time."""
    retries = LLMSettings.load().retries
    for attempt in range(retries + 1):
        started = False
        try:
            async with aclosing(handler(call)) as events:
                async for event in events:
                    started = True
                    yield event
            return
        except ModelUnavailable as error:
            wait = _wait(attempt, error.retry_after)
            if started or attempt == retries or wait > _LONGEST_WAIT:
                raise
            log.warning(
                "llm.retry", model=call.model, attempt=attempt + 1, wait=round(wait, 2), error=error.detail
            )
            await asyncio.sleep(wait)


def _wait(attempt: int, retry_after: float | None) -> float:
    """Return seconds to wait: what the provider asks for, or else more with each attempt."""
    if retry_after is not None:
        return retry_after
    return backoff(attempt + 1, first=0.5, longest=_LONGEST_WAIT)


async def fallback(call: Call, handler: Handler) -> AsyncGenerator[Event, None]:
    """When the model cannot answer, ask those of `LLM_FALLBACK_MODELS` in turn."""
    models = (call.model, *LLMSettings.load().fallback_models)
    for model, following in zip(models, (*models[1:], None), strict=True):
        started = False
        try:
            async with aclosing(handler(replace(call, model=model))) as events:
                async for event in events:
                    started = True
                    yield event
            return
        except _FALL_BACK_ON as error:
            if started or following is None:
                raise
            log.warning("llm.fallback", model=model, following=following, error=error.detail)
