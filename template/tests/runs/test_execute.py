import asyncio
from datetime import timedelta
from uuid import uuid4

import pytest
from sqlalchemy import text

from app.core.errors import InvalidInput
from app.core.scope import current_scope
from app.core.spans import watched_by
from app.db import new_id, transaction
from app.llm.errors import ModelUnavailable
from app.runs import repository, step_repository
from app.runs.execute import execute, stop_all
from app.runs.models import Run, Status
from app.workflows import WORKFLOWS, Steps, get_workflow
from tests.runs.factories import Number, events_of, number_run, reloaded, stored_run, workflow_of
from tests.runs.fixtures import Only
from tests.spans import Watcher

pytestmark = pytest.mark.usefixtures("short_times")


class Gate:
    """A workflow that waits in its second step until a test lets it go on."""

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.reached = asyncio.Event()
        self.open = asyncio.Event()

    async def __call__(self, data: Number, steps: Steps) -> Number:
        async def first() -> int:
            self.calls.append("first")
            return data.number + 1

        async def second() -> int:
            self.calls.append("second")
            self.reached.set()
            await self.open.wait()
            return one + 1

        one = await steps.step("first", int, first)
        return Number(number=await steps.step("second", int, second))


async def end_lease(run: Run) -> None:
    """Do what time does when a worker has died."""
    async with transaction() as session:
        statement = text("UPDATE runs SET lease_until = clock_timestamp() - interval '1 s' WHERE id = :id")
        await session.execute(statement, {"id": run.id})


async def test_the_result_and_the_times_are_stored() -> None:
    run = await stored_run()

    await execute(run.id)

    done = await reloaded(run)
    assert done.status == "succeeded"
    assert done.output == {"summary": "One two", "words": 4, "model": "offline:demo", "cost": "0"}
    assert done.started_at is not None
    assert done.finished_at is not None
    assert done.created_at <= done.started_at <= done.finished_at
    assert await events_of(run) == ["running", "step", "succeeded"]


@pytest.mark.parametrize("name", sorted(WORKFLOWS.names()))
async def test_the_example_of_every_workflow_is_done_or_waits_for_a_person(name: str) -> None:
    workflow = get_workflow(name)
    run = await stored_run(workflow=name, input=dict(workflow.example))

    await execute(run.id)

    done = await reloaded(run)
    expected = {"succeeded", "waiting"} if workflow.decisions else {"succeeded"}
    assert done.status in expected, done.error


async def test_the_same_message_twice_does_the_work_once(only: Only) -> None:
    gate = Gate()
    gate.open.set()
    only(workflow_of(gate))
    run = await number_run()

    await asyncio.gather(*(execute(run.id) for _ in range(8)))

    assert gate.calls == ["first", "second"]
    assert (await reloaded(run)).output == {"number": 3}


async def test_a_retryable_error_is_tried_again_after_a_wait(only: Only) -> None:
    async def fail(_data: Number, _steps: Steps) -> Number:
        raise ModelUnavailable("It is down.", hint="Wait.")

    only(workflow_of(fail, max_attempts=2))
    run = await number_run()

    await execute(run.id)
    waiting = await reloaded(run)
    await asyncio.sleep(0.05)
    await execute(run.id)
    failed = await reloaded(run)

    assert (waiting.status, waiting.attempt, waiting.sent_at) == ("queued", 1, None)
    assert waiting.due_at > waiting.created_at
    assert (failed.status, failed.attempt) == ("failed", 2)
    assert failed.error == {"code": "model-unavailable", "detail": "It is down.", "hint": "Wait."}
    assert await events_of(run) == ["running", "retrying", "running", "failed"]


async def test_a_run_is_not_started_before_it_is_due() -> None:
    run = await stored_run()
    async with transaction() as session:
        await session.execute(text("UPDATE runs SET due_at = clock_timestamp() + interval '1 hour'"))

    await execute(run.id)

    assert (await reloaded(run)).status == "queued"


async def test_an_error_that_will_not_pass_ends_the_run_at_once(only: Only) -> None:
    async def fail(_data: Number, _steps: Steps) -> Number:
        raise InvalidInput("No.")

    only(workflow_of(fail))
    run = await number_run()

    await execute(run.id)

    assert (await reloaded(run)).status == "failed"


async def test_an_error_that_we_do_not_know_is_not_told(only: Only) -> None:
    async def fail(_data: Number, _steps: Steps) -> Number:
        raise RuntimeError("sk-abcdefgh12345678")

    only(workflow_of(fail, max_attempts=1))
    run = await number_run()

    await execute(run.id)

    failed = await reloaded(run)
    assert failed.status == "failed"
    assert "sk-abcdefgh" not in str(failed.error)


async def test_a_run_of_a_workflow_that_is_gone_fails() -> None:
    run = await stored_run(workflow="removed")

    await execute(run.id)

    failed = await reloaded(run)
    assert failed.error is not None
    assert "removed" in failed.error["detail"]


async def test_the_work_of_a_run_knows_its_run_its_caller_and_the_request_that_began_it(only: Only) -> None:
    seen = []

    async def look(data: Number, steps: Steps) -> Number:
        async def work() -> int:
            seen.append(current_scope().fields)
            return data.number

        return Number(number=await steps.step("look", int, work))

    only(workflow_of(look))
    run = await number_run(caller="key_1", request_id="q1")

    await execute(run.id)

    assert seen == [{"run_id": str(run.id), "caller": "key_1", "request_id": "q1", "workflow": "test"}]


async def test_whoever_watches_sees_the_attempts_of_a_run(only: Only) -> None:
    only(workflow_of(Gate(), time_limit=0.05, max_attempts=1))
    run = await number_run()

    with watched_by(watcher := Watcher()):
        await execute(run.id)

    (ended,) = watcher.ended
    assert (ended.name, ended.fields, ended.scope.run_id) == ("run", {"attempt": 1}, str(run.id))


async def test_an_unknown_run_is_ignored() -> None:
    await execute(uuid4())


async def test_an_attempt_that_takes_too_long_is_ended(only: Only) -> None:
    only(workflow_of(Gate(), time_limit=0.05, max_attempts=1))
    run = await number_run()

    await execute(run.id)

    failed = await reloaded(run)
    assert failed.error is not None
    assert failed.error["code"] == "run-timed-out"


async def test_a_time_out_of_the_workflows_own_is_not_taken_for_the_limit(
    only: Only,
) -> None:
    async def fail(_data: Number, _steps: Steps) -> Number:
        raise TimeoutError

    only(workflow_of(fail, max_attempts=1))
    run = await number_run()

    await execute(run.id)

    failed = await reloaded(run)
    assert failed.error is not None
    assert failed.error["code"] == "internal-error"


async def test_cancel_stops_a_step_in_its_middle(only: Only) -> None:
    gate = Gate()
    only(workflow_of(gate))
    run = await number_run()
    work = asyncio.create_task(execute(run.id))
    await gate.reached.wait()

    await repository.cancel(run.id)
    await asyncio.wait_for(work, 5)

    assert (await reloaded(run)).status == "cancelled"
    assert await events_of(run) == ["running", "step", "cancelled"]


async def test_a_queued_run_is_cancelled_at_once_and_never_started() -> None:
    run = await stored_run()

    await repository.cancel(run.id)
    await execute(run.id)

    assert await events_of(run) == ["cancelled"]


async def test_another_worker_takes_over_after_the_last_finished_step(
    only: Only,
) -> None:
    gate = Gate()
    gate.open.set()
    only(workflow_of(gate))
    run = await number_run()
    dead = await repository.claim(run.id, timedelta(seconds=30))
    assert dead is not None
    await step_repository.keep_step(dead, "first", 2)
    await end_lease(run)

    await execute(run.id)

    done = await reloaded(run)
    assert gate.calls == ["second"]
    assert (done.status, done.output, done.attempt) == ("succeeded", {"number": 3}, 2)


async def test_work_is_stopped_when_another_worker_has_taken_over(only: Only) -> None:
    gate = Gate()
    only(workflow_of(gate))
    run = await number_run()
    work = asyncio.create_task(execute(run.id))
    await gate.reached.wait()
    other = new_id()
    async with transaction() as session:
        await session.execute(text("UPDATE runs SET lease = :lease"), {"lease": other})

    await asyncio.wait_for(work, 5)

    assert ((await reloaded(run)).status, (await reloaded(run)).lease) == ("running", other)


async def test_who_lost_the_claim_changes_nothing(only: Only) -> None:
    gate = Gate()
    gate.open.set()
    only(workflow_of(gate))
    run = await number_run()
    lease = timedelta(seconds=30)
    slow = await repository.claim(run.id, lease)
    assert slow is not None
    await end_lease(run)
    await execute(run.id)

    late = [
        await repository.finish(slow, Status.failed, code="late"),
        await repository.reschedule(slow, lease, {}),
        await repository.release(slow),
        await step_repository.keep_step(slow, "third", 1),
        await repository.renew(slow, lease),
    ]

    assert late == [False, False, False, False, None]
    assert (await reloaded(run)).status == "succeeded"


@pytest.mark.slow
async def test_a_lease_is_renewed_as_long_as_the_work_goes_on(only: Only) -> None:
    gate = Gate()
    only(workflow_of(gate))
    run = await number_run()
    work = asyncio.create_task(execute(run.id))
    await gate.reached.wait()
    first = (await reloaded(run)).lease_until
    await asyncio.sleep(1.2)  # longer than the lease

    await execute(run.id)
    later = (await reloaded(run)).lease_until
    gate.open.set()
    await asyncio.wait_for(work, 5)

    assert first is not None
    assert later is not None
    assert later > first
    assert gate.calls == ["first", "second"]


async def test_a_worker_that_stops_gives_its_runs_back(only: Only) -> None:
    gate = Gate()
    only(workflow_of(gate))
    run = await number_run()
    work = asyncio.create_task(execute(run.id))
    await gate.reached.wait()

    await stop_all()
    await asyncio.wait_for(work, 5)

    back = await reloaded(run)
    assert (back.status, back.attempt, back.sent_at) == ("queued", 0, None)


async def test_a_run_that_kills_its_workers_is_given_up(only: Only) -> None:
    only(workflow_of(Gate(), max_attempts=2))
    run = await number_run()
    for _ in range(2):
        await repository.claim(run.id, timedelta(seconds=1))
        await end_lease(run)

    await execute(run.id)

    failed = await reloaded(run)
    assert failed.error is not None
    assert (failed.status, failed.error["code"]) == ("failed", "run-abandoned")


@pytest.mark.slow
@pytest.mark.parametrize("limits", [{"max_concurrency": 2}, {"max_per_minute": 2}])
async def test_limits_of_a_workflow_hold(limits: dict[str, int], only: Only) -> None:
    gate = Gate()
    only(workflow_of(gate, **limits))
    runs = [await number_run() for _ in range(5)]

    work = [asyncio.create_task(execute(run.id)) for run in runs]
    await asyncio.wait(work, timeout=1, return_when=asyncio.ALL_COMPLETED)
    states = [(await reloaded(run)).status for run in runs]
    gate.open.set()
    await asyncio.gather(*work)

    assert sorted(states) == ["queued"] * 3 + ["running"] * 2


async def test_a_retry_continues_after_the_last_finished_step(only: Only) -> None:
    stuck, free = Gate(), Gate()
    free.open.set()
    only(workflow_of(stuck, time_limit=0.2, max_attempts=1))
    run = await number_run()
    await execute(run.id)
    only(workflow_of(free))

    assert await repository.requeue(run.id, 1)
    await execute(run.id)

    done = await reloaded(run)
    assert free.calls == ["second"]
    assert (done.status, done.error, done.attempt) == ("succeeded", None, 1)
