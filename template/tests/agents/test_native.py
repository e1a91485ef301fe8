"""The agent loop, against a provider that a test controls, over its real protocol."""

import asyncio
import json
from typing import Any

import pytest
from pydantic import BaseModel, Field

from app.agents import AgentEvent, AgentResult, Limits, NativeAgent, tool
from app.agents.errors import BadAnswer, TooManySteps
from app.llm import Message
from tests.conftest import SetEnvironment
from tests.llm.fake_provider import Calls, FakeProvider

pytestmark = pytest.mark.usefixtures("fresh_models")

MODEL = "openai:gpt-4.1-mini"


class City(BaseModel):
    name: str
    people: int = Field(ge=0)


async def weather(city: str, days: int = 1) -> str:
    """Tell the weather."""
    return f"sunny in {city} for {days}"


def broken() -> str:
    """Break."""
    raise RuntimeError("a secret inside")


async def endless() -> str:
    """Never end."""
    await asyncio.sleep(60)
    return ""


@pytest.fixture(autouse=True)
def provider(fake_provider: FakeProvider, set_environment: SetEnvironment) -> FakeProvider:
    set_environment(
        LLM_MODEL=MODEL,
        OPENAI_API_KEY="sk-12345678",
        OPENAI_BASE_URL=f"{fake_provider.url}/v1",
        LLM_RETRIES="0",
    )
    return fake_provider


def agent_of(output_type: type[Any] = str, **limits: Any) -> NativeAgent[Any]:
    tools = [tool(weather), tool(broken), tool(endless)]
    return NativeAgent("test", "Be brief.", output_type=output_type, tools=tools, limits=Limits(**limits))


def call(tool_name: str, /, **arguments: object) -> Calls:
    return Calls((tool_name, json.dumps(arguments)))


def said(result: AgentResult[Any], role: str = "tool") -> list[str]:
    return [message.text for message in result.transcript if message.role == role]


async def test_without_tools_it_answers(provider: FakeProvider) -> None:
    result = await agent_of().run("Hello")

    assert (result.output.strip(), result.steps) == ("Hello there", 1)


async def test_it_calls_a_tool_and_hears_the_result(provider: FakeProvider) -> None:
    provider.answers.extend([call("weather", city="Bonn", days=2), "It is sunny"])

    result = await agent_of().run("Weather?")

    assert (result.output.strip(), result.steps) == ("It is sunny", 2)
    assert said(result) == ["sunny in Bonn for 2"]
    assert provider.requests[1]["messages"][-1]["content"] == "sunny in Bonn for 2"


async def test_several_tools_are_called_at_once(provider: FakeProvider) -> None:
    both = Calls(("weather", '{"city": "Bonn"}'), ("weather", '{"city": "Rome"}'))
    provider.answers.extend([both, "Sunny"])

    assert said(await agent_of().run("Weather?")) == ["sunny in Bonn for 1", "sunny in Rome for 1"]


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        (call("nonsense"), "There is no tool 'nonsense'. There is: weather, broken, endless."),
        (call("weather"), "The arguments are wrong: city: Field required."),
        (call("weather", city="a", days="x"), "The arguments are wrong: days: Input should be a valid"),
        (call("weather", city="a", more=1), "The arguments are wrong: more: Extra inputs"),
        (Calls(("weather", "nonsense")), "The arguments are wrong: it: Invalid JSON"),
        (call("broken"), "The tool failed."),
        (call("endless"), "The tool did not answer within 0.05 seconds."),
    ],
)
async def test_what_goes_wrong_with_a_tool_is_told_to_the_model(
    asked: Calls, expected: str, provider: FakeProvider
) -> None:
    provider.answers.extend([asked, "Sorry"])

    result = await agent_of(tool_seconds=0.05).run("Weather?")

    assert result.output.strip() == "Sorry"
    assert said(result)[0].startswith(expected)
    assert "a secret inside" not in str(result.transcript)


async def test_an_endless_loop_of_tools_ends_at_the_limit(provider: FakeProvider) -> None:
    provider.answers.extend([call("weather", city="Bonn")] * 9)

    with pytest.raises(TooManySteps) as caught:
        await agent_of(steps=3).run("Weather?")

    assert len(provider.requests) == 3
    assert len([m for m in caught.value.transcript if m.role == "tool"]) == 3


async def test_a_structured_answer_is_validated(provider: FakeProvider) -> None:
    provider.answers.append(call("answer", name="Bonn", people=330_000))

    assert (await agent_of(City).run("Which?")).output == City(name="Bonn", people=330_000)


async def test_an_answer_that_does_not_fit_is_corrected(provider: FakeProvider) -> None:
    wrong, right = call("answer", name="Bonn", people=-1), call("answer", name="Bonn", people=1)
    provider.answers.extend([wrong, "In words.", right])

    result = await agent_of(City).run("Which?")

    assert (result.output.people, result.steps) == (1, 3)
    assert "people: Input should be greater than or equal to 0" in str(provider.requests[1]["messages"][-1])
    assert "answer by calling" in str(provider.requests[2]["messages"][-1])


async def test_corrections_end_with_the_transcript_kept(provider: FakeProvider) -> None:
    provider.answers.extend([call("answer", name="Bonn")] * 9)

    with pytest.raises(BadAnswer, match="people: Field required") as caught:
        await agent_of(City, corrections=1).run("Which?")

    assert len(provider.requests) == 2
    assert caught.value.transcript[0] == Message("user", "Which?")


async def test_an_answer_given_beside_tools_is_too_early(provider: FakeProvider) -> None:
    early = Calls(("weather", '{"city": "Bonn"}'), ("answer", '{"name": "Bonn", "people": 1}'))
    provider.answers.extend([early, call("answer", name="Bonn", people=2)])

    result = await agent_of(City).run("Which?")

    assert result.output.people == 2
    assert said(result)[1].startswith("Not yet")


async def test_the_conversation_goes_on(provider: FakeProvider) -> None:
    first = await agent_of().run("My name is Anna")
    await agent_of().run("What is my name?", history=first.transcript)

    contents = [message["content"] for message in provider.requests[1]["messages"]]
    assert contents[-3:] == ["My name is Anna", "Hello there ", "What is my name?"]


async def test_a_stream_shows_what_the_agent_does(provider: FakeProvider) -> None:
    provider.answers.extend([call("weather", city="Bonn"), "It is sunny"])

    events = [event async for event in agent_of().stream("Weather?")]

    kinds = [event.kind if isinstance(event, AgentEvent) else "result" for event in events]
    assert kinds == ["tool_call", "tool_result", "text", "text", "text", "result"]


def test_a_tool_needs_types_and_a_docstring() -> None:
    def without_docstring(city: str) -> str:
        return city

    def without_types(city) -> str:  # type: ignore[no-untyped-def]  # noqa: ANN001
        """Tell the weather."""
        return str(city)

    with pytest.raises(TypeError, match="docstring"):
        tool(without_docstring)
    with pytest.raises(TypeError, match="'city'"):
        tool(without_types)
