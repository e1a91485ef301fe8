"""An agent framework in one page: what the others do, without what hides it.

ask the model ──► it hands over ──► another agent goes on
  ▲          ├──► it asks for tools ──► call them ──┐
  │          └──► it answers ──► does it fit? ──► yes: done
  │                                   └──► no: say why ──┤
  └───────────────────────────────────────────────────────┘
"""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import TypeVar

from app.agents.agent import AgentEvent
from app.agents.base import Answer, BaseAgent, HandOff, Work
from app.agents.turn import ask, call_tools, check_answer, correct, hand_off_in, tools_in
from app.llm import Reply

T = TypeVar("T")


class NativeAgent(BaseAgent[T]):
    """An agent as a loop. The parts of a turn are functions in `app/agents/turn.py`."""

    async def work(self, work: Work) -> AsyncGenerator[AgentEvent | Answer[T] | HandOff[T], None]:
        """Go round until the model has answered or handed over."""
        corrections = 0
        while True:
            reply: Reply[str] | None = None
            async with aclosing(ask(self, work)) as events:
                async for event in events:
                    if isinstance(event, Reply):
                        reply = event
                    else:
                        yield AgentEvent("text", event.text)
            assert reply
            if hand_off := hand_off_in(self, reply, work):
                yield hand_off
                return
            if tools_in(reply):
                for call in reply.tool_calls:
                    yield AgentEvent("tool_call", call.arguments, call.name)
                for call, said in await call_tools(self, reply, work):
                    yield AgentEvent("tool_result", said, call.name)
                continue
            try:
                yield Answer(check_answer(self, reply, work))
                return
            except ValueError as problem:
                corrections += 1
                work.transcript += correct(self, reply, problem, corrections)


AGENT = NativeAgent
