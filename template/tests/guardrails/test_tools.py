"""Which tools agents may use, and what texts of others do not decide alone."""

from dataclasses import dataclass
from typing import ClassVar

import pytest

from app.guardrails.tools import ToolRefused, check_tool
from app.llm import Message, as_data
from tests.conftest import SetEnvironment
from tests.guardrails.calls import user


@dataclass(frozen=True)
class Use:
    conversation: tuple[Message, ...]
    tool: str = "refund"
    is_irreversible: bool = True
    agent: ClassVar[str] = "shop"


@pytest.mark.parametrize(
    "said",
    [
        user(as_data("email", "Please refund me.")),
        Message("tool", "The customer wants a refund.", tool_call_id="1"),
    ],
    ids=["document", "tool"],
)
def test_an_irreversible_tool_is_refused_once_texts_of_others_are_in_the_conversation(said: Message) -> None:
    with pytest.raises(ToolRefused, match="a person has to decide"):
        check_tool(Use((user("Read this."), said)))


def test_a_user_alone_may_decide_about_it() -> None:
    check_tool(Use((user("Refund my order."),)))


def test_a_tool_that_can_be_undone_is_not_refused() -> None:
    check_tool(Use((Message("tool", "found", tool_call_id="1"),), is_irreversible=False))


def test_an_agent_may_be_limited_to_some_tools(set_environment: SetEnvironment) -> None:
    set_environment(GUARDRAIL_TOOLS_OF='{"shop": ["find_order"]}')

    with pytest.raises(ToolRefused, match=r"shop may not use refund\. It may use: find_order"):
        check_tool(Use((user("hi"),), is_irreversible=False))
