"""Answer one turn of a conversation: recall, ask the model, remember."""

import json
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any

import structlog
from pydantic_ai import ModelSettings

from app.conversations import (
    Cut,
    Place,
    append_turn,
    drop_oldest_turns,
    find_answer,
    find_conversation,
    history_tokens,
    latest_messages,
)
from app.core.errors import FieldError, InvalidInput
from app.core.scope import extend_scope
from app.llm import Call, Message, Reply, TextDelta, Tool, chat, load_prompt
from app.openai.available import require_available
from app.openai.errors import NotSupported, PreviousResponseNotFound
from app.openai.extensions import MODELS

log = structlog.get_logger(__name__)

_LATEST_MESSAGES = 1000
"""How far back a conversation is read; what fits is usually much less."""


@dataclass(frozen=True, kw_only=True)
class Turn:
    """What a caller says, and how it wants to be answered."""

    owner: str
    conversation: str | None
    """The caller's name for a conversation that is kept."""
    response: str | None = None
    """The id by which a later turn may go on from the answer. Nothing is kept without it and a
    conversation."""
    previous: str | None = None
    """The id of the answer that this turn goes on from."""
    model: str
    instructions: str | None
    messages: tuple[Message, ...]
    tools: tuple[Tool, ...]
    options: ModelSettings
    output_type: Any
    streaming: bool


@dataclass(frozen=True)
class Recalled:
    """What was said before."""

    place: Place
    """Where the turn will be kept."""
    history: Cut


async def recall(turn: Turn) -> Recalled:
    """Return what the model is to know of earlier turns. Raises `UnknownModel`."""
    extend_scope(conversation=turn.conversation)
    require_available(turn.model)
    if turn.model in MODELS.names():
        _check_plain(turn)
    recalled = await _recall(turn)
    _check_tool_results((*recalled.history.kept, *turn.messages))
    return recalled


def _check_plain(turn: Turn) -> None:
    """Raise `NotSupported` for what a system of ours, offered as a model, does not take."""
    if turn.tools or turn.output_type is not str:
        raise NotSupported(f"{turn.model} has its own tools and answers in text: leave out tools and schema.")
    if turn.options.keys() - {"max_tokens"}:
        names = ", ".join(sorted(turn.options.keys() - {"max_tokens"}))
        raise NotSupported(f"{turn.model} asks models in its own way: leave out {names}.")
    if turn.messages[-1].role != "user" or any(message.images for message in turn.messages):
        raise NotSupported(f"{turn.model} answers what a user says in text.")


async def _recall(turn: Turn) -> Recalled:
    place = await _place(turn)
    if place.conversation is None:
        return Recalled(place, Cut((), 0))
    earlier = await latest_messages(place.conversation, _LATEST_MESSAGES, place.until)
    goes_on = turn.messages[0].role in {"assistant", "tool"}
    cut = drop_oldest_turns(earlier, history_tokens(turn.model), goes_on)
    if cut.dropped:
        log.info(
            "conversations.history_cut", conversation=place.name, dropped=cut.dropped, kept=len(cut.kept)
        )
    return Recalled(place, cut)


async def _place(turn: Turn) -> Place:
    if turn.previous:
        found = await find_answer(turn.owner, turn.previous)
        if found is None:
            raise PreviousResponseNotFound(
                f"You have no response {turn.previous!r}.",
                hint="One made with store=false, or deleted with its conversation, cannot be gone on from.",
                fields=[FieldError("previous_response_id", "not found")],
            )
        return found
    name = turn.conversation or turn.response
    conversation = await find_conversation(turn.owner, name) if name else None
    return Place(name, conversation.id if conversation else None)


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
            if isinstance(event, Reply) and (turn.conversation or turn.response):
                said = Message("assistant", event.refusal or text_of(event), event.tool_calls)
                await append_turn(turn.owner, recalled.place, (*turn.messages, said), response=turn.response)
            yield event


def _events(turn: Turn, messages: tuple[Message, ...]) -> AsyncGenerator[TextDelta | Reply[Any], None]:
    """Ask a provider's model, or what a feature offers as one."""
    own = MODELS.get(turn.model)
    if own is not None:
        call = Call(
            messages=messages,
            model=turn.model,
            instructions=turn.instructions,
            options=turn.options,
            streaming=turn.streaming,
        )
        return own(call)
    instructed = turn.instructions or any(message.role == "system" for message in messages)
    return chat(
        messages,
        instructions=turn.instructions if instructed else load_prompt("llm.chat").render(),
        tools=turn.tools,
        options=turn.options,
        output_type=turn.output_type,
        streaming=turn.streaming,
        model=turn.model,
    )


async def last_reply(events: AsyncGenerator[TextDelta | Reply[Any], None]) -> Reply[Any]:
    """Return what comes last of an answer."""
    async with aclosing(events):
        return [event async for event in events if isinstance(event, Reply)][-1]


def text_of(reply: Reply[Any]) -> str:
    """Return what was answered as text; a structure as JSON."""
    return reply.output if isinstance(reply.output, str) else json.dumps(reply.output, ensure_ascii=False)
