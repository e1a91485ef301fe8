"""Agents as graphs of LangGraph (https://langchain-ai.github.io/langgraph): nodes that change a state.

START ──► ask ──► tools ──► ask …
           ├───► check ──► ask …, or END
           └───► hand_off ──► END
"""

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Any, Generic, Literal, TypeVar

from langgraph.config import get_stream_writer
from langgraph.graph import END, START, StateGraph

from app.agents.agent import AgentEvent
from app.agents.base import Answer, BaseAgent, HandOff, Work
from app.agents.turn import ask, call_tools, check_answer, correct, hand_off_in, tools_in
from app.llm import Reply

T = TypeVar("T")


@dataclass(frozen=True)
class State:
    """What goes through the graph. The transcript is in the `Work` that all nodes share."""

    reply: Reply[str] | None = None
    corrections: int = 0
    end: Answer[Any] | HandOff[Any] | None = None


class LangGraphAgent(BaseAgent[T]):
    """An agent as a graph."""

    async def work(self, work: Work) -> AsyncGenerator[AgentEvent | Answer[T] | HandOff[T], None]:
        """Run the graph: its nodes write events as they work."""
        graph = _Nodes(self, work).graph()
        limit = {"recursion_limit": 3 * (self.limits.steps + 1)}
        async for mode, chunk in graph.astream(State(), limit, stream_mode=["custom", "values"]):
            if mode == "custom":
                yield chunk
            elif isinstance(chunk, dict) and (end := chunk["end"]):
                yield end


class _Nodes(Generic[T]):
    """The nodes of one run."""

    def __init__(self, agent: BaseAgent[T], work: Work) -> None:
        self._agent = agent
        self._work = work

    def graph(self) -> Any:
        """Return the graph, ready to run."""
        graph = StateGraph(State)
        graph.add_node("ask", self.ask)
        graph.add_node("tools", self.tools)
        graph.add_node("check", self.check)
        graph.add_node("hand_off", self.hand_off)
        graph.add_edge(START, "ask")
        graph.add_conditional_edges("ask", self.after_ask)
        graph.add_edge("tools", "ask")
        graph.add_conditional_edges("check", self.after_check)
        graph.add_edge("hand_off", END)
        return graph.compile()

    async def ask(self, state: State) -> dict[str, Any]:
        del state
        write = get_stream_writer()
        reply: Reply[str] | None = None
        async for event in ask(self._agent, self._work):
            if isinstance(event, Reply):
                reply = event
            else:
                write(AgentEvent("text", event.text))
        return {"reply": reply}

    def after_ask(self, state: State) -> Literal["hand_off", "tools", "check"]:
        reply = _reply(state)
        if any(call.name in self._agent.hand_offs for call in reply.tool_calls):
            return "hand_off"
        return "tools" if tools_in(reply) else "check"

    async def tools(self, state: State) -> dict[str, Any]:
        write, reply = get_stream_writer(), _reply(state)
        for call in reply.tool_calls:
            write(AgentEvent("tool_call", call.arguments, call.name))
        for call, said in await call_tools(self._agent, reply, self._work):
            write(AgentEvent("tool_result", said, call.name))
        return {}

    async def check(self, state: State) -> dict[str, Any]:
        try:
            return {"end": Answer(check_answer(self._agent, _reply(state), self._work))}
        except ValueError as problem:
            corrections = state.corrections + 1
            self._work.transcript += correct(self._agent, _reply(state), problem, corrections)
            return {"corrections": corrections}

    def after_check(self, state: State) -> str:
        return END if state.end else "ask"

    async def hand_off(self, state: State) -> dict[str, Any]:
        return {"end": hand_off_in(self._agent, _reply(state), self._work)}


def _reply(state: State) -> Reply[str]:
    assert state.reply
    return state.reply


AGENT = LangGraphAgent
