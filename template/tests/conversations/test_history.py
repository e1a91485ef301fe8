"""How much of a conversation a model is shown."""

import pytest

from app.conversations.history import drop_oldest_turns, estimate_tokens, history_tokens
from app.conversations.settings import ConversationSettings
from app.llm import Message, ToolCall
from tests.conftest import SetEnvironment


def turn(text: str) -> list[Message]:
    return [Message("user", text), Message("assistant", text)]


def test_the_latest_turns_that_fit_are_kept() -> None:
    conversation = [*turn("a" * 30), *turn("b" * 30), *turn("c" * 30)]
    tokens = sum(map(estimate_tokens, conversation[2:]))

    cut = drop_oldest_turns(conversation, tokens, False)

    assert (list(cut.kept), cut.dropped) == (conversation[2:], 2)


def test_a_turn_is_not_cut_in_the_middle() -> None:
    call = ToolCall("t1", "weather", "{}")
    conversation = [
        Message("user", "x" * 3000),
        Message("assistant", "", (call,)),
        Message("tool", "sunny", tool_call_id="t1"),
        Message("assistant", "It is sunny"),
    ]

    assert drop_oldest_turns(conversation, 100, False).kept == ()


def test_a_turn_that_goes_on_is_kept_even_if_it_does_not_fit() -> None:
    going_on = [Message("user", "x" * 3000), Message("assistant", "", (ToolCall("t1", "weather", "{}"),))]

    cut = drop_oldest_turns([*turn("old"), *going_on], 100, True)

    assert (list(cut.kept), cut.dropped) == (going_on, 2)


def test_all_is_kept_if_it_fits() -> None:
    assert drop_oldest_turns(turn("a"), 1000, False).dropped == 0


@pytest.mark.parametrize(
    ("model", "expected"),
    [("anthropic:claude-haiku-4-5", 100_000), ("ollama:nonsense", 8_000), ("offline:demo", 8_000)],
)
def test_half_of_what_the_model_takes_is_for_history(
    model: str, expected: int, set_environment: SetEnvironment
) -> None:
    set_environment(CHAT_HISTORY_TOKENS="")

    assert ConversationSettings.load().history_tokens is None
    assert history_tokens(model) == expected
