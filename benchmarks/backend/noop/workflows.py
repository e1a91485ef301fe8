from app.workflows import Steps, Workflow
from pydantic import BaseModel


class Nothing(BaseModel):
    """No input, no output."""


async def run_noop(data: Nothing, steps: Steps) -> Nothing:
    return data


noop = Workflow(name="noop", summary="Do nothing.", input=Nothing, output=Nothing, run=run_noop)
