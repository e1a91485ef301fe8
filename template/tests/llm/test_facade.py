import asyncio
from decimal import Decimal

import pytest
from pydantic import BaseModel, Field

from app.llm import Budget, Message, Tool, chat, complete, extract, load_prompt, stream
from app.llm.calls import Reply, TextDelta
from app.llm.errors import BudgetExceeded


class Verdict(BaseModel):
    label: str
    score: float = Field(ge=0, le=1)


async def test_the_offline_model_is_deterministic_and_free() -> None:
    first, second = await complete("Hello"), await complete("Hello")

    assert first.output == second.output
    assert (first.model, first.cost) == ("offline:demo", Decimal(0))


async def test_pieces_of_a_stream_add_up_to_the_reply() -> None:
    events = [event async for event in stream("One two three")]

    pieces = [event.text for event in events if isinstance(event, TextDelta)]
    last = events[-1]
    assert isinstance(last, Reply)
    assert len(pieces) > 3
    assert "".join(pieces) == last.output


async def test_a_structure_fits_its_schema_without_a_script() -> None:
    reply = await extract("Is this good?", Verdict)

    assert 0 <= reply.output.score <= 1


async def test_the_instructions_come_from_a_prompt_file() -> None:
    reply = await complete("Hello", instructions=load_prompt("llm.chat").render())

    assert reply.output.endswith("Hello")


async def test_history_comes_before_the_prompt() -> None:
    history = [Message("user", "My name is Anna"), Message("assistant", "Hello Anna")]

    without, with_history = await complete("Bye"), await complete("Bye", history=history)

    assert with_history.input_tokens > without.input_tokens


async def test_a_budget_is_shared_by_the_calls_that_are_given_it() -> None:
    budget = Budget(requests=2, tokens=10_000, cost=Decimal(1))

    await complete("One", budget=budget)
    await complete("Two", budget=budget)

    with pytest.raises(BudgetExceeded):
        await complete("Three", budget=budget)


async def test_a_budget_of_tokens_is_enforced() -> None:
    budget = Budget(requests=10, tokens=5, cost=Decimal(1))

    with pytest.raises(BudgetExceeded, match="LLM_MAX_TOKENS"):
        await complete("A prompt of more than five tokens", budget=budget)


async def test_a_call_with_tools_counts_too() -> None:
    budget = Budget(requests=1, tokens=10_000, cost=Decimal(1))
    tools = [Tool("weather", "Tells the weather.", {"type": "object", "properties": {}})]

    events = [event async for event in chat([Message("user", "Hello")], tools=tools, budget=budget)]

    assert isinstance(events[-1], Reply)
    assert events[-1].output.endswith("Hello")
    with pytest.raises(BudgetExceeded):
        await complete("Once more", budget=budget)


async def test_calls_at_the_same_time_do_not_exceed_the_requests_of_their_budget() -> None:
    budget = Budget(requests=3, tokens=10_000, cost=Decimal(1))
    calls = (complete(f"Number {number}", budget=budget) for number in range(8))

    done = await asyncio.gather(*calls, return_exceptions=True)

    assert len([reply for reply in done if isinstance(reply, Reply)]) == 3
    assert len([error for error in done if isinstance(error, BudgetExceeded)]) == 5
