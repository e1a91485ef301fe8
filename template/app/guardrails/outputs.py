"""Guards of what comes from a model, on texts, streams and structures."""

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from pydantic import BaseModel, ValidationError

from app.core.text import in_json, with_texts
from app.guardrails.errors import AnswerRefused
from app.guardrails.leaks import Instructions, PersonalData, Secrets
from app.guardrails.markup import Markup
from app.guardrails.settings import GuardrailSettings
from app.guardrails.window import GuardMaker, clean_whole
from app.llm import Call, Reply
from app.privacy import Masks

_PLACEHOLDER = re.compile(r"\[[A-Z]{0,5}(?:_\d{0,6})?(?:\]|\Z)")


class _Restore:
    """Puts personal data back in the place of its placeholders."""

    def __init__(self, masks: Masks) -> None:
        self._masks = masks

    def cut(self, text: str, at: int) -> int:
        for found in _PLACEHOLDER.finditer(text):
            if found.start() < at and (at < found.end() or not found[0].endswith("]")):
                return found.start()
        return at

    def clean(self, text: str) -> str:
        return self._masks.restore(text)


def guards_of(call: Call, masks: Masks, settings: GuardrailSettings) -> list[GuardMaker]:
    """Return what makes the guards of the answers to a call."""
    makers: list[GuardMaker] = []
    if settings.secrets != "off":
        makers.append(partial(Secrets, settings.secrets))
    if settings.instructions != "off" and call.instructions and call.prompt_name:
        makers.append(partial(Instructions, settings.instructions, call.instructions))
    if settings.personal_data_in_answers != "off":
        said = [message.text for message in call.messages if message.role == "user"]
        makers.append(partial(PersonalData, settings.personal_data_in_answers, said))
    if settings.markup != "off":
        makers.append(partial(Markup, settings.markup, settings.image_hosts))
    if settings.personal_data == "mask":
        makers.append(partial(_Restore, masks))
    return makers


def cleaned_reply(reply: Reply[Any], makers: Sequence[GuardMaker]) -> Reply[Any]:
    """Return a reply as it may leave. Raises `AnswerRefused`."""
    change = partial(clean_whole, makers)
    calls = tuple(replace(call, arguments=in_json(call.arguments, change)) for call in reply.tool_calls)
    refusal = change(reply.refusal) if reply.refusal else reply.refusal
    return replace(reply, output=_cleaned(reply.output, change), tool_calls=calls, refusal=refusal)


def _cleaned(output: Any, change: Callable[[str], str]) -> Any:
    if not isinstance(output, BaseModel):
        return with_texts(output, change)
    data = output.model_dump(mode="json")
    cleaned = with_texts(data, change)
    if cleaned == data:
        return output
    try:
        return type(output).model_validate_json(json.dumps(cleaned, ensure_ascii=False))
    except ValidationError:
        raise AnswerRefused("What a guard takes out of the answer is needed for it to be valid.") from None
