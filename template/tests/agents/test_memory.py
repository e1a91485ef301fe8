from app.agents import Memory
from app.llm import Message, ToolCall

TURNS = [
    Message("user", "one"),
    Message("assistant", "", (ToolCall("c1", "look", "{}"),)),
    Message("tool", "seen", tool_call_id="c1"),
    Message("assistant", "first"),
    Message("user", "two"),
    Message("assistant", "second"),
]


def test_a_conversation_that_is_short_enough_is_remembered_as_a_whole() -> None:
    memory = Memory(turns=2)
    memory.remember(TURNS)

    assert list(memory.recall()) == TURNS


def test_the_oldest_turns_go_as_a_whole_so_that_no_result_is_left_without_its_call() -> None:
    memory = Memory(turns=1)
    memory.remember(TURNS)

    assert list(memory.recall()) == TURNS[4:]


def test_at_first_nothing_is_remembered() -> None:
    assert list(Memory().recall()) == []
