"""How much of a conversation a model is shown.

A strategy takes the earlier messages and the tokens that they may have, and gives those that are kept and
says what it dropped. Another one, such as a summary of what is old, has the same signature.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from genai_prices.data_snapshot import get_snapshot

from app.conversations.settings import ConversationSettings
from app.llm import Message

_UNKNOWN_WINDOW = 16_000
_TOKENS_A_MESSAGE = 4
_TOKENS_AN_IMAGE = 1000
_BYTES_A_TOKEN = 3
"""Fewer than in most texts, to be on the safe side: every provider counts in its own way."""


@dataclass(frozen=True)
class Cut:
    """What is left of a history."""

    kept: tuple[Message, ...]
    dropped: int
    """How many messages, the oldest ones, the model does not see."""


HistoryStrategy = Callable[[Sequence[Message], int, bool], Cut]
"""Takes the earlier messages, their tokens at the most, and whether the last turn still goes on."""


def drop_oldest_turns(messages: Sequence[Message], tokens: int, goes_on: bool) -> Cut:
    """Keep as many of the latest turns as fit.

    A turn begins with what the user says. It is kept as a whole, so that no result of a tool is left without
    the call that asked for it; one that goes on is kept even if it does not fit.
    """
    first = len(messages)
    used = 0
    for index in range(len(messages) - 1, -1, -1):
        used += estimate_tokens(messages[index])
        is_open = goes_on and first == len(messages)
        if used > tokens and not is_open:
            break
        if messages[index].role == "user":
            first = index
    return Cut(tuple(messages[first:]), first)


def estimate_tokens(message: Message) -> int:
    """Return about how many tokens a message has."""
    text = message.text + "".join(call.name + call.arguments for call in message.tool_calls)
    return _TOKENS_A_MESSAGE + len(text.encode()) // _BYTES_A_TOKEN + _TOKENS_AN_IMAGE * len(message.images)


def history_tokens(model: str) -> int:
    """Return how many tokens of earlier messages a model is shown."""
    return ConversationSettings.load().history_tokens or _window(model) // 2


def _window(model: str) -> int:
    """Return how many tokens a model takes, as the price list of pydantic-ai knows it."""
    provider, _, name = model.partition(":")
    try:
        _, found = get_snapshot().find_provider_model(name, None, provider, None)
    except LookupError:
        return _UNKNOWN_WINDOW
    return found.context_window or _UNKNOWN_WINDOW
