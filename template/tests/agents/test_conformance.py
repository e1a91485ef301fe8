"""What every adapter does alike: against a provider that a test controls, over its real protocol."""

from decimal import Decimal

import pytest

from app.agents import AgentEvent, Memory, as_tool, make_agent, open_tools, tool
from app.agents.base import BaseAgent
from app.agents.errors import BadAnswer, TooManySteps
from app.agents.extensions import TOOL_GUARDS, ToolUse
from app.agents.make import frameworks
from app.agents.tools import FunctionTool
from app.core.errors import AppError, ConfigurationError
from app.core.spans import watched_by
from app.llm import Budget
from app.llm.errors import BudgetExceeded, ContextTooLong
from tests.agents.samples import City, External, agent_of, call, kept, offered, said, weather
from tests.conftest import SetEnvironment
from tests.llm.fake_provider import INPUT_TOKENS, OUTPUT_TOKENS, Calls, FakeProvider, Refusal
from tests.spans import Watcher

pytestmark = pytest.mark.usefixtures("fresh_models")

MODEL = "openai:gpt-4.1-mini"


class NotAllowed(AppError):
    """A guard refuses."""


@pytest.fixture(autouse=True, params=frameworks())
def provider(
    request: pytest.FixtureRequest, fake_provider: FakeProvider, set_environment: SetEnvironment
) -> FakeProvider:
    set_environment(
        AGENTS_FRAMEWORK=request.param,
        LLM_MODEL=MODEL,
        OPENAI_API_KEY="sk-12345678",
        OPENAI_BASE_URL=f"{fake_provider.url}/v1",
        LLM_RETRIES="0",
    )
    return fake_provider


async def test_without_tools_it_answers(provider: FakeProvider) -> None:
    result = await agent_of().run("Hello")

    assert (result.output.strip(), result.steps) == ("Hello there", 1)


async def test_it_calls_a_tool_and_hears_the_result(provider: FakeProvider) -> None:
    provider.answers.extend([call("weather", city="Bonn", days=2), "It is sunny"])

    result = await agent_of().run("Weather?")

    assert (result.output.strip(), result.steps) == ("It is sunny", 2)
    assert said(result) == ["sunny in Bonn for 2"]
    assert provider.requests[1]["messages"][-1]["content"] == "sunny in Bonn for 2"


@pytest.mark.parametrize("streaming", [True, False])
async def test_whoever_watches_sees_the_agent_its_model_calls_and_its_tools(
    provider: FakeProvider, *, streaming: bool
) -> None:
    provider.answers.extend([call("weather", city="Bonn"), "Sunny."])
    agent = agent_of()

    with watched_by(watcher := Watcher()):
        if streaming:
            [_ async for _ in agent.stream("How is it in Bonn?")]
        else:
            await agent.run("How is it in Bonn?")

    assert watcher.tree() == [
        ("model_call", "agent"),
        ("tool", "agent"),
        ("model_call", "agent"),
        ("agent", None),
    ]
    assert watcher.ended[0].fields["output_tokens"] == OUTPUT_TOKENS


async def test_several_tools_are_called_at_once(provider: FakeProvider) -> None:
    both = Calls(("weather", '{"city": "Bonn"}'), ("weather", '{"city": "Rome"}'))
    provider.answers.extend([both, "Sunny"])

    assert said(await agent_of().run("Weather?")) == ["sunny in Bonn for 1", "sunny in Rome for 1"]


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        (call("nonsense"), "'nonsense'"),
        (call("weather"), "The arguments are wrong: city: Field required."),
        (call("weather", city="a", days="x"), "The arguments are wrong: days: Input should be a valid"),
        (call("weather", city="a", more=1), "The arguments are wrong: more: Extra inputs"),
        (Calls(("weather", "{no json")), "JSON"),
        (Calls(("weather", "[1]")), "The arguments are wrong"),
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
    assert expected in said(result)[0]
    assert "a secret inside" not in str(result.transcript)


async def test_an_endless_loop_of_tools_ends_at_the_limit(provider: FakeProvider) -> None:
    provider.answers.extend([call("weather", city="Bonn")] * 9)

    with pytest.raises(TooManySteps) as caught:
        await agent_of(steps=3).run("Weather?")

    assert len(provider.requests) == 3
    assert len([m for m in kept(caught.value) if m["role"] == "tool"]) == 3


async def test_a_structured_answer_is_validated(provider: FakeProvider) -> None:
    provider.answers.append(call("answer", name="Bonn", people=330_000))

    assert (await agent_of(City).run("Which?")).output == City(name="Bonn", people=330_000)


WRONG = call("answer", name="Bonn", people=-1)
RIGHT = call("answer", name="Bonn", people=1)


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        (WRONG, "greater than or equal to 0"),
        (call("answer", name="Bonn"), "required"),
        (call("answer"), "required"),
        (Calls(("answer", "{no json")), "JSON"),
        (Calls(("answer", "[]")), "object"),
        ("In words.", "call"),
        ("", "call"),
    ],
)
async def test_an_answer_that_does_not_fit_is_corrected(
    wrong: Calls | str, told: str, provider: FakeProvider
) -> None:
    provider.answers.extend([wrong, RIGHT])

    result = await agent_of(City).run("Which?")

    assert (result.output.people, result.steps) == (1, 2)
    assert told.lower() in str(provider.requests[1]["messages"][-1]).lower()


async def test_an_empty_text_is_corrected(provider: FakeProvider) -> None:
    provider.answers.extend(["", "Here I am"])

    assert (await agent_of().run("Hello?")).output == "Here I am"


@pytest.mark.parametrize("wrong", [WRONG, "", Calls(("answer", "{no json"))])
async def test_corrections_end_with_the_transcript_kept(wrong: Calls | str, provider: FakeProvider) -> None:
    provider.answers.extend([wrong] * 9)

    with pytest.raises(BadAnswer) as caught:
        await agent_of(City, corrections=1).run("Which?")

    assert len(provider.requests) == 2
    assert kept(caught.value)[0]["text"] == "Which?"
    assert len(kept(caught.value)) >= 4


async def test_an_answer_beside_tools_waits_for_what_they_say(provider: FakeProvider) -> None:
    early = Calls(("weather", '{"city": "Bonn"}'), ("answer", '{"name": "Bonn", "people": 1}'))
    provider.answers.extend([early, call("answer", name="Bonn", people=2)])

    result = await agent_of(City).run("Which?")

    assert result.output.people == 2
    assert "sunny in Bonn for 1" in said(result)


async def test_a_context_that_is_too_long_is_a_typed_failure_with_the_transcript(
    provider: FakeProvider,
) -> None:
    provider.answers.extend([call("weather", city="Bonn"), Refusal(400, "context_length_exceeded")])

    with pytest.raises(ContextTooLong) as caught:
        await agent_of().run("Weather?")

    assert [message["role"] for message in kept(caught.value)] == ["user", "assistant", "tool"]


async def test_a_budget_that_runs_out_is_a_typed_failure_with_the_transcript(provider: FakeProvider) -> None:
    provider.answers.extend([call("weather", city="Bonn")] * 9)

    with pytest.raises(BudgetExceeded) as caught:
        await agent_of().run("Weather?", budget=Budget(requests=2, tokens=1000, cost=Decimal(1)))

    assert len(provider.requests) == 2
    assert kept(caught.value)[-1] == {**kept(caught.value)[-1], "role": "tool", "text": "sunny in Bonn for 1"}


async def test_what_a_tool_says_is_cut_to_a_bound(provider: FakeProvider) -> None:
    provider.answers.extend([call("weather", city="B" * 100), "Sorry"])

    assert said(await agent_of(tool_characters=10).run("Weather?")) == [
        "sunny in B [… 105 characters left out]"
    ]


async def test_a_structured_answer_can_be_followed_by_another_question(provider: FakeProvider) -> None:
    provider.answers.extend([RIGHT, RIGHT])
    first = await agent_of(City).run("Which?")

    await agent_of(City).run("And now?", history=first.transcript)

    messages = provider.requests[1]["messages"]
    asked = {call["id"] for message in messages for call in message.get("tool_calls") or ()}
    assert asked
    assert asked == {message["tool_call_id"] for message in messages if message["role"] == "tool"}


@pytest.mark.parametrize("name", ["answer", "hand_off_to_expert", "weather"])
async def test_two_tools_cannot_have_one_name(name: str, provider: FakeProvider) -> None:
    expert = make_agent("expert", "", output_type=str)
    tools = [tool(weather), FunctionTool(name, "Another.", City, weather)]
    agent = make_agent("test", "", output_type=str, tools=tools, hand_offs=[expert])

    with pytest.raises(ConfigurationError, match=name):
        await agent.run("Weather?")


async def test_parallel_helpers_stay_within_the_requests_of_their_budget(provider: FakeProvider) -> None:
    helper = make_agent("helper", "Help.", output_type=str)
    boss = make_agent("boss", "Ask.", output_type=str, tools=[as_tool(helper)])
    provider.answers.append(Calls(*[("ask_helper", '{"task": "Which?"}')] * 5))

    with pytest.raises(BudgetExceeded):
        await boss.run("City?", budget=Budget(requests=3, tokens=1000, cost=Decimal(1)))

    assert len(provider.requests) == 3


async def test_the_conversation_goes_on(provider: FakeProvider) -> None:
    memory = Memory()
    memory.remember((await agent_of().run("My name is Anna")).transcript)
    await agent_of().run("What is my name?", history=memory.recall())

    contents = [message["content"] for message in provider.requests[1]["messages"]]
    assert contents[-3:] == ["My name is Anna", "Hello there", "What is my name?"]


async def test_a_stream_shows_what_the_agent_does(provider: FakeProvider) -> None:
    provider.answers.extend([call("weather", city="Bonn"), "It is sunny"])

    events = [event async for event in agent_of().stream("Weather?")]

    kinds = [event.kind if isinstance(event, AgentEvent) else "result" for event in events]
    assert kinds == ["tool_call", "tool_result", "text", "text", "text", "result"]


async def test_the_cost_and_the_tokens_of_all_steps_are_counted(provider: FakeProvider) -> None:
    provider.answers.extend([call("weather", city="Bonn"), "It is sunny"])

    result = await agent_of().run("Weather?")

    assert (result.input_tokens, result.output_tokens) == (2 * INPUT_TOKENS, 2 * OUTPUT_TOKENS)
    assert result.cost


async def test_a_conversation_is_handed_over_to_another_agent(provider: FakeProvider) -> None:
    expert = make_agent("expert", "Know it.", output_type=str, description="Knows about rain.")
    first = make_agent("first", "Ask others.", output_type=str, hand_offs=[expert])
    provider.answers.extend([call("hand_off_to_expert", reason="rain"), "It rains"])

    result = await first.run("Rain?")

    assert (result.output, result.agent, result.steps) == ("It rains", "expert", 2)
    assert "Know it." in str(provider.requests[1]["messages"][0])
    assert "Rain?" in str(provider.requests[1]["messages"])
    assert "Knows about rain." in str(provider.requests[0]["tools"])


async def test_agents_that_hand_over_for_ever_are_stopped(provider: FakeProvider) -> None:
    one: BaseAgent[str] = make_agent("one", "", output_type=str)
    two = make_agent("two", "", output_type=str, hand_offs=[one])
    one.hand_offs["hand_off_to_two"] = two
    there, back = call("hand_off_to_two", reason="a"), call("hand_off_to_one", reason="b")
    provider.answers.extend([there, back] * 9)

    with pytest.raises(TooManySteps, match="more than 3 times"):
        await one.run("Who?")


async def test_an_agent_is_a_tool_of_another_and_spends_the_same_budget(provider: FakeProvider) -> None:
    helper = make_agent("helper", "Help.", output_type=City, description="Knows cities.")
    boss = make_agent("boss", "Ask.", output_type=str, tools=[as_tool(helper)])
    provider.answers.extend([call("ask_helper", task="Which?"), RIGHT, "Bonn"])
    budget = Budget(requests=9, tokens=1000, cost=Decimal(1))

    result = await boss.run("City?", budget=budget)

    assert said(result) == ['{"name":"Bonn","people":1}']
    assert budget.spent.requests == 3
    assert result.cost == budget.spent.cost


async def test_tools_of_other_features_are_offered_under_names_that_providers_take(
    provider: FakeProvider,
) -> None:
    provider.answers.extend([call("look_up_2", word="a"), "Found"])

    agent = make_agent("test", "", output_type=str, toolsets=[open_tools])
    with offered(External("look.up"), External("look/up")):
        result = await agent.run("Look up a")

    assert said(result) == ["look/up says {'word': 'a'}"]
    assert [tool["function"]["name"] for tool in provider.requests[0]["tools"]] == ["look_up", "look_up_2"]


async def test_a_guard_sees_what_was_said_to_the_agents_above(provider: FakeProvider) -> None:
    seen: list[ToolUse] = []
    helper = make_agent("helper", "Help.", output_type=str, tools=[tool(weather)])
    boss = make_agent("boss", "Ask.", output_type=str, tools=[as_tool(helper), tool(weather)])
    provider.answers.extend(
        [
            *(call("ask_helper", task="Which?"), call("weather", city="Rome"), "Sunny"),
            *(call("weather", city="Bonn"), "Sunny"),
        ]
    )

    with TOOL_GUARDS.override({"test": seen.append}):
        await boss.run("How is it?")

    heard = {
        use.arguments["city"]: [m.text for m in use.conversation] for use in seen if use.tool == "weather"
    }
    assert [text for text in heard["Rome"] if text in {"How is it?", "Which?"}] == ["How is it?", "Which?"]
    assert "Which?" not in heard["Bonn"]


async def test_a_guard_sees_each_call_and_may_refuse_it(provider: FakeProvider) -> None:
    seen: list[ToolUse] = []

    def refuse(use: ToolUse) -> None:
        seen.append(use)
        raise NotAllowed("Not today.", hint="Ask a person.")

    provider.answers.extend([call("weather", city="Rome"), "A person has to decide."])
    with TOOL_GUARDS.override({"test": refuse}):
        result = await agent_of().run("How is it in Rome?")

    assert (seen[0].agent, seen[0].tool, dict(seen[0].arguments)) == (
        "test",
        "weather",
        {"city": "Rome", "days": 1},
    )
    assert [message.role for message in seen[0].conversation][:1] == ["user"]
    assert "The tool failed: Not today. Ask a person." in [message.text for message in result.transcript]
