"""A first, small workflow. Yours go into features of their own."""

from decimal import Decimal

from pydantic import BaseModel, ConfigDict, Field

from app.core.text import Text
from app.llm import complete, load_prompt
from app.workflows import Steps, Workflow


class EchoSummaryInput(BaseModel):
    """A text, and how long its summary may be."""

    model_config = ConfigDict(extra="forbid", strict=True)

    text: Text = Field(min_length=1, max_length=100_000)
    max_words: int = Field(20, ge=1, le=500)


class EchoSummaryOutput(BaseModel):
    """The summary, and what it took."""

    summary: str
    words: int
    """Words of the text that was sent in. Counting needs no model, so none is asked."""
    model: str
    cost: Decimal | None
    """US dollars; None if the price of the model is unknown."""


class Summary(BaseModel):
    """What the model said, and what it cost."""

    text: str
    model: str
    cost: Decimal | None


async def run_echo_summary(data: EchoSummaryInput, steps: Steps) -> EchoSummaryOutput:
    """Count by code, summarise by model. The model is asked in a step, so it is paid for once."""

    async def summarise() -> Summary:
        instructions = load_prompt("summaries.echo_summary").render(max_words=data.max_words)
        reply = await complete(data.text, instructions=instructions)
        return Summary(text=reply.output, model=reply.model, cost=reply.cost)

    summary = await steps.step("summarise", Summary, summarise)
    return EchoSummaryOutput(
        summary=summary.text, words=len(data.text.split()), model=summary.model, cost=summary.cost
    )


echo_summary = Workflow(
    name="echo_summary",
    summary="Summarise a text and count its words.",
    input=EchoSummaryInput,
    output=EchoSummaryOutput,
    run=run_echo_summary,
    example={"text": "Copier writes a project from a template. It can update it later.", "max_words": 8},
)
