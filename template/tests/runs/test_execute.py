import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from app.core.clock import now
from app.core.workflow import Workflow
from app.llm.errors import ModelUnavailable
from app.runs import execute as execution
from app.runs import relay as relaying
from app.runs import repository
from app.runs.execute import execute
from app.runs.models import Run
from app.runs.relay import relay_waiting_runs
from app.runs.workflows import EchoSummaryInput, EchoSummaryOutput, run_echo_summary
from tests.runs.factories import stored_run

pytestmark = pytest.mark.usefixtures("database")


async def reloaded(run: Run) -> Run:
    found = await repository.get(run.id)
    assert found is not None
    return found


def use_workflow(monkeypatch: pytest.MonkeyPatch, run: Any) -> None:
    """Let every run be a run of this function."""
    workflow = Workflow(name="w", summary="", input=EchoSummaryInput, output=EchoSummaryOutput, run=run)
    monkeypatch.setattr(execution, "get_workflow", lambda _name: workflow)


async def test_the_result_and_the_times_are_stored() -> None:
    run = await stored_run()

    await execute(run.id)

    done = await reloaded(run)
    assert done.status == "succeeded"
    assert done.output == {"summary": "One two", "words": 4, "model": "offline:demo", "cost": "0"}
    assert done.started_at is not None
    assert done.finished_at is not None
    assert done.created_at <= done.started_at <= done.finished_at


async def test_the_same_message_twice_does_the_work_once(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = []

    async def counting(data: EchoSummaryInput) -> EchoSummaryOutput:
        calls.append(data)
        return await run_echo_summary(data)

    use_workflow(monkeypatch, counting)
    run = await stored_run()

    await asyncio.gather(*(execute(run.id) for _ in range(5)))

    assert len(calls) == 1


async def test_an_error_that_we_know_is_stored_with_its_hint(monkeypatch: pytest.MonkeyPatch) -> None:
    async def fail(_data: EchoSummaryInput) -> EchoSummaryOutput:
        raise ModelUnavailable("It is down.", hint="Wait.")

    use_workflow(monkeypatch, fail)
    run = await stored_run()

    await execute(run.id)

    failed = await reloaded(run)
    assert failed.status == "failed"
    assert failed.error == {"code": "model-unavailable", "detail": "It is down.", "hint": "Wait."}


async def test_an_error_that_we_do_not_know_is_not_told(monkeypatch: pytest.MonkeyPatch) -> None:
    async def fail(_data: EchoSummaryInput) -> EchoSummaryOutput:
        raise RuntimeError("sk-abcdefgh12345678")

    use_workflow(monkeypatch, fail)
    run = await stored_run()

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


async def test_an_unknown_run_is_ignored() -> None:
    await execute(uuid4())


async def test_runs_that_wait_for_long_are_queued_again(monkeypatch: pytest.MonkeyPatch) -> None:
    queued: list[UUID] = []

    async def remember(_task: str, run_id: str) -> None:
        queued.append(UUID(run_id))

    monkeypatch.setattr(relaying, "publish", remember)
    lost = await stored_run(created_at=now() - timedelta(minutes=1))
    await stored_run()
    await stored_run(created_at=now() - timedelta(minutes=1), status="running")

    assert await relay_waiting_runs() == 1
    assert queued == [lost.id]
