"""A workflow that takes its time, and a way to run `app` commands that know it.

    python -m tests.runs.slow worker

Each step writes a line into a file: what is done twice shows there. `CLOCK_SKEW` shifts the process's clock;
with `DIE_BEFORE_SEND` it kills itself when a run is committed and its message is about to go out.
"""

import asyncio
import os
import signal
import time
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path

from pydantic import BaseModel

from app.workflows import WORKFLOWS, Steps, Workflow


class SlowInput(BaseModel):
    """How many steps, how long each takes, and where to write."""

    journal: str
    steps: int = 3
    seconds: float = 0.5


class SlowOutput(BaseModel):
    """How many steps are done."""

    steps: int


async def run_slow(data: SlowInput, steps: Steps) -> SlowOutput:
    """Do one step after the other; each begins and ends with a line in the journal."""

    async def work(number: int) -> int:
        _write(data.journal, f"begin {number}")
        await asyncio.sleep(data.seconds)
        _write(data.journal, f"end {number}")
        return number

    for number in range(data.steps):
        await steps.step(f"step-{number}", int, partial(work, number))
    return SlowOutput(steps=data.steps)


def _write(journal: str, line: str) -> None:
    with Path(journal).open("a", encoding="utf-8") as file:
        file.write(f"{line}\n")


slow = Workflow(
    name="slow", summary="Take time.", input=SlowInput, output=SlowOutput, run=run_slow, max_attempts=5
)


def installed() -> AbstractContextManager[None]:
    """Add the workflow to those of this process."""
    return WORKFLOWS.override({**WORKFLOWS.load(), "slow": slow})


def _shift_clock(seconds: float) -> None:
    true_time = time.time
    setattr(time, "time", lambda: true_time() + seconds)  # noqa: B010


async def _die(_run: object) -> bool:
    os.kill(os.getpid(), signal.SIGKILL)
    return False


if __name__ == "__main__":
    _shift_clock(float(os.environ.get("CLOCK_SKEW", "0")))
    if os.environ.get("DIE_BEFORE_SEND"):
        from app.runs import dispatch

        setattr(dispatch, "send", _die)  # noqa: B010
    from app.cli import main

    with installed():
        main()
