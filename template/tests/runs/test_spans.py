"""What whoever watches sees of runs."""

import pytest

from app.core.errors import InvalidInput
from app.core.spans import span, watched_by
from app.runs import start_run
from app.runs.execute import execute
from app.workflows import Decision, Steps
from tests.runs.factories import Number, number_run, workflow_of
from tests.runs.fixtures import Only
from tests.spans import Watcher

pytestmark = pytest.mark.usefixtures("short_times")


@pytest.mark.usefixtures("broker")
async def test_each_attempt_of_a_run_belongs_to_the_trace_in_which_it_was_asked_for(only: Only) -> None:
    async def double(data: Number, _steps: Steps) -> Number:
        return data

    only(workflow_of(double))
    with watched_by(watcher := Watcher()):
        with span("request") as request:
            run = await start_run("test", {"number": 1})
        await execute(run.id)

    ended = watcher.ended[-1]
    assert (ended.name, ended.trace_id, ended.parent_id) == ("run", request.trace_id, request.span_id)


async def test_a_run_that_fails_is_seen_to_fail(only: Only) -> None:
    async def refuse(_data: Number, _steps: Steps) -> Number:
        raise InvalidInput("It is wrong.")

    only(workflow_of(refuse))
    run = await number_run()
    with watched_by(watcher := Watcher()):
        await execute(run.id)

    assert str(watcher.ended[-1].error) == "It is wrong."


async def test_a_run_that_waits_for_a_person_has_not_failed(only: Only) -> None:
    async def ask(data: Number, steps: Steps) -> Number:
        with span("node"):
            await steps.decide("check", "Is it right?", Decision)
        return data

    only(workflow_of(ask))
    run = await number_run()
    with watched_by(watcher := Watcher()):
        await execute(run.id)

    assert [(ended.name, ended.error) for ended in watcher.ended] == [("node", None), ("run", None)]
