"""The layer of guards around every call of a model: what goes in, then what comes out.

length → injected instructions → personal data → judge → moderation │ the model │ secrets → …
"""

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import replace
from functools import partial

from app.core.threads import run_in_thread
from app.guardrails.errors import AnswerRefused, InputRefused
from app.guardrails.failing import guarded
from app.guardrails.inputs import check_length, without_injections, without_personal_data
from app.guardrails.judge import ask_judge, is_judging
from app.guardrails.moderation import moderate
from app.guardrails.outputs import cleaned_reply, guards_of
from app.guardrails.settings import GuardrailSettings
from app.guardrails.window import GuardMaker, Window
from app.llm import Call, Event, Handler, TextDelta
from app.privacy import Masks

_LONG = 20_000
"""Characters that are looked at in a thread."""


async def guard(call: Call, handler: Handler) -> AsyncGenerator[Event, None]:
    """Let a call and its answer through the guards. Raises `InputRefused`, `AnswerRefused`, `GuardFailed`."""
    if is_judging():
        async with aclosing(handler(call)) as events:
            async for event in events:
                yield event
        return
    settings = GuardrailSettings.load()
    masks = Masks()
    call = await _checked(call, masks, settings)
    async with aclosing(_answered(handler(call), guards_of(call, masks, settings), settings)) as events:
        async for event in events:
            yield event


async def _checked(call: Call, masks: Masks, settings: GuardrailSettings) -> Call:
    check_length(call, settings)
    call = await _checked_for_injections(call, settings)
    call = guarded("personal_data", partial(without_personal_data, call, masks, settings), call)
    await ask_judge(call, settings)
    await moderate(call.messages[-1].text if call.messages else "", settings, InputRefused)
    return call


async def _checked_for_injections(call: Call, settings: GuardrailSettings) -> Call:
    """Look for injections; in a long conversation in a thread: a megabyte takes a second, and others wait."""
    work = partial(guarded, "injection", partial(without_injections, call, settings), call)
    if sum(len(message.text) for message in call.messages) > _LONG:
        return await run_in_thread(work)
    return work()


async def _answered(
    events: AsyncGenerator[Event, None], makers: Sequence[GuardMaker], settings: GuardrailSettings
) -> AsyncGenerator[Event, None]:
    window = Window([make() for make in makers])
    came, left = "", ""
    async with aclosing(events):
        async for event in events:
            if isinstance(event, TextDelta):
                came += event.text
                if text := window.push(event.text):
                    left += text
                    yield TextDelta(text)
                continue
            if rest := window.rest():
                left += rest
                yield TextDelta(rest)
            if not came and isinstance(event.output, str):
                await moderate(event.output, settings, AnswerRefused)
            is_cleaned = bool(came) and event.output == came
            reply = cleaned_reply(replace(event, output=None) if is_cleaned else event, makers)
            yield replace(reply, output=left) if is_cleaned else reply
