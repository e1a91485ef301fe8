"""The assistant as a workflow: a calculation is done by code, everything else by an agent with tools."""

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from app.core.errors import InvalidInput
from app.graphs import END, Agent, Function, Graph, Router, Rule
from app.systems.assistant.schemas import Request, Response
from app.systems.assistant.tools import calculate, current_time, days_between

if TYPE_CHECKING:
    from app import agents
    from app.llm import Message

_ASKED = re.compile(r"^(?:what is|what's|calculate|=)\s*|\s*[=?]+$", re.IGNORECASE)
_SUM = re.compile(r"[-+]?\(*\d[\d.]*\)*(?:\s*[-+*/%]{1,2}\s*[-+]?\(*\d[\d.]*\)*)+")
_NO_SUM = re.compile(r"[\d-]+|\d+/\d+(?:/\d+)?|\(\d+\)[\d-]+|.*\d{4}-\d\d-\d\d.*|.*%\s*[-+*/].*")
"""Dates, numbers of telephones, 24/7, and percentages, which mean other things to people than to Python."""
_LONGEST_SUM = 200
_REMEMBERED_TURNS = 20


def sum_in(message: str) -> str | None:
    """Return the result if a message is nothing but a sum."""
    if len(message) > _LONGEST_SUM:
        return None
    asked = _ASKED.sub("", message.strip())
    if not _SUM.fullmatch(asked) or _NO_SUM.fullmatch(asked):
        return None
    try:
        return calculate(asked)
    except InvalidInput:
        return None


def is_sum(input: Request) -> bool:
    """Whether the message is nothing but a sum."""
    return sum_in(input.message) is not None


def answer_sum(input: Request) -> Response:
    """Answer a sum."""
    return Response(reply=sum_in(input.message) or "", by="code")


def make_assistant(more: str | None = None) -> "agents.Agent[str]":
    """Make the agent. `more` is what an application that uses it wants it to observe."""
    from app.agents import make_agent, open_tools, tool
    from app.llm import load_prompt

    instructions = load_prompt("systems.assistant.answer").render()
    return make_agent(
        "assistant",
        replace(instructions, text=f"{instructions.text}\n\n{more}") if more else instructions,
        output_type=str,
        tools=[tool(current_time), tool(days_between), tool(calculate)],
        toolsets=[open_tools],
    )


def message(input: Request) -> str:
    """Return what the user says."""
    return input.message


def remembered(input: Request) -> "Sequence[Message]":
    """Return what the agent remembers of the conversation in the input."""
    from app.llm import Message

    return recall([Message(turn.role, turn.text) for turn in input.history])


def recall(conversation: "Sequence[Message]") -> "Sequence[Message]":
    """Return what the agent remembers of a conversation."""
    from app.agents import Memory

    memory = Memory(_REMEMBERED_TURNS)
    memory.remember(conversation)
    return memory.recall()


def respond(answer: str) -> Response:
    """Return the agent's answer."""
    return Response(reply=answer, by="agent")


assistant = Graph(
    name="assistant",
    summary="Answer a message of a conversation, with tools.",
    input=Request,
    output=Response,
    nodes=[
        Router(name="kind", rules=[Rule("answer_sum", is_sum)], otherwise="answer"),
        Function(name="answer_sum", call=answer_sum, next=END),
        Agent(name="answer", agent=make_assistant, message=message, history=remembered, time_limit=120),
        Function(name="respond", call=respond),
    ],
    example={"message": "How many days are there from 2026-11-22 to 2026-12-24?"},
)
