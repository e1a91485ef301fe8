"""Answer the same call from disk, for `LLM_CACHE_SECONDS`. Off unless set: prompts and answers are stored."""

import asyncio
import hashlib
import json
import sqlite3
import time
from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import aclosing, contextmanager
from dataclasses import asdict
from decimal import Decimal
from typing import Any, TypeVar

import structlog
from pydantic import TypeAdapter

from app.core.paths import ROOT
from app.llm.calls import Call, Event, Handler, Reply, TextDelta
from app.llm.settings import LLMSettings

log = structlog.get_logger(__name__)

T = TypeVar("T")

FILE = ROOT / ".data" / "llm_cache.sqlite3"


async def cache(call: Call, handler: Handler) -> AsyncGenerator[Event, None]:
    """Return the stored answer, if there is one that is young enough; else store the new one."""
    seconds = LLMSettings.load().cache_seconds
    if not seconds or call.tools:  # what tools say changes
        async with aclosing(handler(call)) as events:
            async for event in events:
                yield event
        return
    key = _key(call)
    stored = await _tried(_read, key, call, seconds)
    if stored:
        if call.streaming:
            yield TextDelta(str(stored.output))
        yield stored
        return
    async with aclosing(handler(call)) as events:
        async for event in events:
            # an answer of another model, which has stood in, is not what is asked for the next time
            if isinstance(event, Reply) and event.model == call.model and not event.refusal:
                await _tried(_write, key, event)
            yield event


async def _tried(work: Callable[..., T], *arguments: Any) -> T | None:
    """Do something with the file. One that is full, locked or damaged must not cost an answer."""
    try:
        return await asyncio.to_thread(work, *arguments)
    except (OSError, ValueError, TypeError, sqlite3.Error) as error:
        log.warning("llm.cache_failed", error=f"{type(error).__name__}: {error}")
        return None


def _key(call: Call) -> str:
    """Return a digest of all that the answer depends on."""
    schema = TypeAdapter(call.output_type).json_schema()
    conversation = [asdict(message) for message in call.messages]
    parts = [call.model, call.instructions, call.prompt_name, conversation, schema, dict(call.options)]
    return hashlib.sha256(json.dumps(parts, sort_keys=True, default=str).encode()).hexdigest()


@contextmanager
def _database() -> Generator[sqlite3.Connection]:
    FILE.parent.mkdir(exist_ok=True)
    FILE.touch(mode=0o600)
    database = sqlite3.connect(FILE, timeout=5)
    try:
        with database:
            database.execute("CREATE TABLE IF NOT EXISTS replies (key TEXT PRIMARY KEY, at REAL, reply TEXT)")
            yield database
    finally:
        database.close()


def _read(key: str, call: Call, seconds: float) -> Reply[object] | None:
    with _database() as database:
        database.execute("DELETE FROM replies WHERE at < ?", (time.time() - seconds,))
        row = database.execute("SELECT reply FROM replies WHERE key = ?", (key,)).fetchone()
    if row is None:
        return None
    model, output = json.loads(row[0])
    return Reply(
        output=TypeAdapter(call.output_type).validate_json(json.dumps(output)),
        model=model,
        requests=0,
        input_tokens=0,
        output_tokens=0,
        cost=Decimal(0),
        seconds=0.0,
        cached=True,
    )


def _write(key: str, reply: Reply[object]) -> None:
    data = json.dumps([reply.model, TypeAdapter(Any).dump_python(reply.output, mode="json")])
    with _database() as database:
        database.execute("INSERT OR REPLACE INTO replies VALUES (?, ?, ?)", (key, time.time(), data))
