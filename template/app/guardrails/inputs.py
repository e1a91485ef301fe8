"""Guards of what goes to a model: length, injected instructions, personal data."""

from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache, partial

from app.core.text import in_json
from app.guardrails.decisions import record
from app.guardrails.errors import InputRefused
from app.guardrails.injection import REMOVED, Source, Suspicion, find_injection, remove_injections
from app.guardrails.provenance import Part, changed
from app.guardrails.settings import GuardrailSettings
from app.llm import Call, Message
from app.privacy import Masks, find_personal_data

_REFUSED = "[this message was refused]"
_CACHED_CHARACTERS = 10_000
"""Conversations come again with each further message: what was looked at is not looked at twice."""
_cached = lru_cache(maxsize=512)(find_injection)
_cached_removal = lru_cache(maxsize=64)(remove_injections)


def check_length(call: Call, settings: GuardrailSettings) -> None:
    """Raise `InputRefused` if the last message is longer than it may be."""
    length = len(call.messages[-1].text) if call.messages else 0
    if length > settings.max_input_characters:
        record("length", "refuse")
        raise InputRefused(
            f"The text has {length:,} characters; {settings.max_input_characters:,} are allowed.",
            hint="Send less, or raise GUARDRAIL_MAX_INPUT_CHARACTERS.",
        )


def without_injections(call: Call, settings: GuardrailSettings) -> Call:
    """Return a call without injected instructions. Raises `InputRefused`, as the settings want it.

    A message that was refused before, and comes again as a part of the conversation, is replaced.
    """
    begin = 1 + max((n for n, message in enumerate(call.messages) if message.role == "assistant"), default=-1)
    messages = tuple(
        _without_injections(message, settings, is_new=number >= begin)
        for number, message in enumerate(call.messages)
    )
    return replace(call, messages=messages)


def _without_injections(message: Message, settings: GuardrailSettings, *, is_new: bool) -> Message:
    if message.role not in {"user", "tool"}:
        return message
    text = changed(message, partial(_checked, settings=settings, is_new=is_new))
    return message if text == message.text else replace(message, text=text)


def _checked(part: Part, settings: GuardrailSettings, *, is_new: bool) -> str:
    guard = "injection" if part.source == "user" else "injection_in_data"
    switch: str = settings.injection if part.source == "user" else settings.injection_in_data
    if switch == "off" or not (suspicion := _find(part.text, part.source)):
        return part.text
    if is_new:
        record(guard, switch, kind=suspicion.kind, found=suspicion.text)
    if switch == "report":
        return part.text
    if switch == "remove":
        return _cached_removal(part.text)[0]
    if not is_new:
        return _REFUSED if part.source == "user" else REMOVED
    raise _refusal(part.source)


def _refusal(source: Source) -> InputRefused:
    if source == "user":
        return InputRefused(
            "The message looks like an attempt to change how this assistant works.",
            hint="Say it in other words.",
        )
    return InputRefused(
        "A text that the answer depends on holds instructions for the model.", hint="Look at the source."
    )


def _find(text: str, source: Source) -> Suspicion | None:
    return _cached(text, source) if len(text) <= _CACHED_CHARACTERS else find_injection(text, source)


def without_personal_data(call: Call, masks: Masks, settings: GuardrailSettings) -> Call:
    """Return a call with placeholders for personal data, or refuse it, as the settings want it."""
    if settings.personal_data == "off":
        return call
    if found := [finding for text in _texts(call.messages) for finding in find_personal_data(text)]:
        record("personal_data", settings.personal_data, kind=",".join(sorted({each.kind for each in found})))
    if not found or settings.personal_data == "report":
        return call
    if settings.personal_data == "refuse":
        raise InputRefused(
            f"The text holds personal data ({found[0].kind}).", hint="Leave it out, and ask again."
        )
    return replace(call, messages=tuple(_masked(message, masks) for message in call.messages))


def _texts(messages: Sequence[Message]) -> list[str]:
    return [
        text
        for message in messages
        for text in (message.text, *(call.arguments for call in message.tool_calls))
    ]


def _masked(message: Message, masks: Masks) -> Message:
    calls = tuple(replace(call, arguments=in_json(call.arguments, masks.mask)) for call in message.tool_calls)
    return replace(message, text=masks.mask(message.text), tool_calls=calls)
