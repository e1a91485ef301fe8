"""Answer one turn of a conversation: recall, ask the model, remember."""

import json
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import structlog
from pydantic_ai import ModelSettings

from app.chat import repository
from app.chat.available import own_models, require_available
from app.chat.errors import NotSupported
from app.chat.history import Cut, drop_oldest_turns, history_tokens
from app.core.errors import FieldError, InvalidInput
from app.llm import Call, Message, Reply, TextDelta, Tool, chat, load_prompt

log = structlog.get_logger(__name__)

_LATEST_MESSAGES = 1000
"""How far back a conversation is read; what fits is usually much less."""


@dataclass(frozen=True, kw_only=True)
class Turn:
    """What a caller says, and how it wants to be answered."""

    owner: str
    conversation: str | None
    """The caller's name for a conversation that is kept; None: nothing is kept."""
    model: str
    instructions: str | None
    messages: tuple[Message, ...]
    tools: tuple[Tool, ...]
    options: ModelSettings
    output_type: type[Any]
    streaming: bool


@dataclass(frozen=True)
class Recalled:
    """What was said before."""

    conversation: UUID | None
    """None if the conversation begins with this turn."""
    history: Cut


async def recall(turn: Turn) -> Recalled:
    """Return what the model is to know of earlier turns. Raises `UnknownModel`."""
    require_available(turn.model)
    if turn.model in own_models() and (turn.tools or turn.output_type is not str):
        raise NotSupported(f"{turn.model} has its own tools and answers in text: leave out tools and schema.")
    recalled = await _recall(turn)
    _check_tool_results((*recalled.history.kept, *turn.messages))
    return recalled


async def _recall(turn: Turn) -> Recalled:
    found = await repository.find(turn.owner, turn.conversation) if turn.conversation else None
    if found is None:
        return Recalled(None, Cut((), 0))
    earlier = await repository.latest_messages(found.id, _LATEST_MESSAGES)
    goes_on = turn.messages[0].role != "user"
    cut = drop_oldest_turns(earlier, history_tokens(turn.model), goes_on)
    if cut.dropped:
        log.info("chat.history_cut", conversation=turn.conversation, dropped=cut.dropped, kept=len(cut.kept))
    return Recalled(found.id, cut)


def _check_tool_results(messages: Sequence[Message]) -> None:
    """Raise `InvalidInput` if a result answers no call that came before it."""
    asked: set[str] = set()
    for message in messages:
        asked |= {call.id for call in message.tool_calls}
        if message.role == "tool" and message.tool_call_id not in asked:
            reason = f"no message before it calls {message.tool_call_id!r}"
            raise InvalidInput("The request is wrong.", fields=[FieldError("messages.tool_call_id", reason)])


async def answer(turn: Turn, recalled: Recalled) -> AsyncGenerator[TextDelta | Reply[Any], None]:
    """Yield the answer. Once it is complete the turn is stored: one that breaks off leaves nothing."""
    async with aclosing(_events(turn, (*recalled.history.kept, *turn.messages))) as events:
        async for event in events:
            if isinstance(event, Reply) and turn.conversation:
                said = Message("assistant", text_of(event), event.tool_calls)
                new = (*turn.messages, said)
                await repository.append(turn.owner, turn.conversation, recalled.conversation, new)
            yield event


def _events(turn: Turn, messages: tuple[Message, ...]) -> AsyncGenerator[TextDelta | Reply[Any], None]:
    """Ask a provider's model, or what a feature offers as one."""
    own = own_models().get(turn.model)
    if own is not None:
        call = Call(
            messages=messages,
            model=turn.model,
            instructions=turn.instructions,
            options=turn.options,
            streaming=turn.streaming,
        )
        return own.load()(call)
    return chat(
        messages,
        instructions=turn.instructions or load_prompt("llm.chat").render(),
        tools=turn.tools,
        options=turn.options,
        output_type=turn.output_type,
        streaming=turn.streaming,
        model=turn.model,
    )


def text_of(reply: Reply[Any]) -> str:
    """Return what was answered as text; a structure as JSON."""
    return reply.output if isinstance(reply.output, str) else json.dumps(reply.output, ensure_ascii=False)
