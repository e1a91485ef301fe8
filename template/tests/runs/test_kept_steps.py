"""What is kept of a run, and read again when it goes on."""

import asyncio
from contextlib import AsyncExitStack
from datetime import date

import pytest
from pydantic import BaseModel, ConfigDict
from sqlalchemy import select

from app.core.errors import InvalidInput
from app.db import transaction
from app.llm.errors import ModelUnavailable
from app.runs import repository
from app.runs.execute import execute, stop_all
from app.runs.models import Run
from app.workflows import Steps, Workflow
from tests.runs.factories import Number, number_run, reloaded, workflow_of
from tests.runs.fixtures import Only

pytestmark = pytest.mark.usefixtures("short_times")


async def test_a_step_name_that_is_used_twice_fails_the_run(only: Only) -> None:
    async def fetch_pages(data: Number, steps: Steps) -> Number:
        async def page() -> int:
            return 1

        return Number(number=sum([await steps.step("fetch", int, page) for _ in range(3)]))

    only(workflow_of(fetch_pages))
    run = await number_run()

    await execute(run.id)

    failed = await reloaded(run)
    assert failed.error is not None
    assert (failed.status, failed.attempt, failed.error["code"]) == ("failed", 1, "repeated-step")
    assert "'fetch'" in failed.error["detail"]


async def test_a_step_that_is_done_is_not_done_again_when_its_worker_stops_as_it_is_kept(only: Only) -> None:
    calls = []
    done = asyncio.Event()
    lock = AsyncExitStack()

    async def count(data: Number, steps: Steps) -> Number:
        async def work() -> int:
            calls.append("work")
            session = await lock.enter_async_context(transaction())
            await session.execute(select(Run).with_for_update())  # keeping the step takes a while
            done.set()
            return 7

        return Number(number=await steps.step("count", int, work))

    only(workflow_of(count))
    run = await number_run()
    first = asyncio.create_task(execute(run.id))
    await done.wait()

    await stop_all()
    await lock.aclose()
    await first
    await execute(run.id)

    assert calls == ["work"]
    assert (await reloaded(run)).output == {"number": 7}


UNSTORABLE = "a\0b\ud800c"


class Said(BaseModel):
    text: str = ""
    number: float = 0


async def test_what_postgresql_cannot_store_is_cleaned_where_it_is_written(
    only: Only,
) -> None:
    async def speak(data: Number, steps: Steps) -> Said:
        async def work() -> Said:
            return Said(text=UNSTORABLE, number=float("nan"))

        said = await steps.step("speak", Said, work)
        await steps.step("again", str, work_text)
        return said

    async def work_text() -> str:
        return UNSTORABLE

    workflow = Workflow(name="test", summary="", input=Number, output=Said, run=speak)
    only(workflow)
    run = await number_run()

    await execute(run.id)

    done = await reloaded(run)
    assert (done.status, done.output) == ("succeeded", {"text": "a\ufffdb\ufffdc", "number": None})


async def test_an_error_that_quotes_what_cannot_be_stored_is_stored(only: Only) -> None:
    async def fail(_data: Number, _steps: Steps) -> Number:
        error = InvalidInput(f"It says {UNSTORABLE}.")
        error.details["transcript"] = [UNSTORABLE]
        raise error

    only(workflow_of(fail))
    run = await number_run()

    await execute(run.id)

    failed = await reloaded(run)
    assert failed.error is not None
    assert (failed.status, failed.error["details"]) == ("failed", {"transcript": ["a\ufffdb\ufffdc"]})


class Strict(BaseModel):
    model_config = ConfigDict(strict=True)

    day: date = date(2026, 1, 1)


async def test_a_strict_type_is_read_when_a_run_is_resumed(only: Only) -> None:
    tries: list[date] = []

    async def work_twice(data: Strict, steps: Steps) -> Strict:
        async def work() -> Strict:
            return data

        kept = await steps.step("work", Strict, work)
        tries.append(kept.day)
        if len(tries) == 1:
            raise ModelUnavailable("later")
        return kept

    only(Workflow(name="test", summary="", input=Strict, output=Strict, run=work_twice))
    run = await number_run(input={"day": "2026-11-25"})
    await execute(run.id)
    await asyncio.sleep(0.02)

    await execute(run.id)

    assert (tries, (await reloaded(run)).status) == ([date(2026, 11, 25)] * 2, "succeeded")


async def failed_after_a_step(only: Only) -> Run:
    async def fail(_data: Number, steps: Steps) -> Number:
        async def work() -> int:
            return 1

        await steps.step("first", int, work)
        raise InvalidInput("no")

    only(workflow_of(fail))
    run = await number_run()
    await execute(run.id)
    return run


async def use_version_two(data: Number, steps: Steps) -> Number:
    async def work() -> str:
        return "2"

    return Number(number=int(await steps.step("first", str, work)))


async def test_a_run_is_not_continued_with_the_kept_steps_of_another_version(
    only: Only,
) -> None:
    run = await failed_after_a_step(only)
    only(workflow_of(use_version_two, version=2))
    await repository.requeue(run.id, 2)

    await execute(run.id)

    changed = await reloaded(run)
    assert changed.error is not None
    assert (changed.status, changed.attempt, changed.error["code"]) == ("failed", 1, "workflow-changed")


async def test_a_retry_from_the_start_uses_the_new_version(only: Only) -> None:
    run = await failed_after_a_step(only)
    only(workflow_of(use_version_two, version=2))
    await repository.requeue(run.id, 2, from_start=True)

    await execute(run.id)

    done = await reloaded(run)
    assert (done.status, done.output, done.workflow_version) == ("succeeded", {"number": 2}, 2)


async def test_a_kept_step_of_another_type_is_named(only: Only) -> None:
    run = await failed_after_a_step(only)

    async def wants_a_model(_data: Number, steps: Steps) -> Number:
        async def work() -> Said:
            return Said()

        await steps.step("first", Said, work)
        return Number()

    only(workflow_of(wants_a_model))
    await repository.requeue(run.id, 1)

    await execute(run.id)

    changed = await reloaded(run)
    assert changed.error is not None
    assert (changed.attempt, changed.error["code"]) == (1, "workflow-changed")
    assert "'first'" in changed.error["detail"]
