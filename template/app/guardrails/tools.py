"""The guard of tools: which an agent may use, and what texts of others must not decide alone."""

from collections.abc import Sequence
from typing import Protocol

from app.core.errors import AppError
from app.guardrails.decisions import record
from app.guardrails.provenance import parts_of
from app.guardrails.settings import GuardrailSettings
from app.llm import Message


class ToolRefused(AppError):
    """A guard does not let an agent use a tool."""

    status = 403


class ToolUse(Protocol):
    """A tool that is about to be called: see `app/agents/extensions.py`."""

    @property
    def agent(self) -> str:
        """Who calls it."""
        ...

    @property
    def tool(self) -> str:
        """Its name."""
        ...

    @property
    def is_irreversible(self) -> bool:
        """Whether what it does cannot be undone."""
        ...

    @property
    def conversation(self) -> Sequence[Message]:
        """What was said so far."""
        ...


def check_tool(use: ToolUse) -> None:
    """Raise `ToolRefused` if a tool must not be called, and say to the model why not."""
    settings = GuardrailSettings.load()
    allowed = settings.tools_of.get(use.agent)
    if allowed is not None and use.tool not in allowed:
        record("tools", "refuse", kind="not_allowed", found=use.tool)
        raise ToolRefused(f"{use.agent} may not use {use.tool}.", hint=f"It may use: {', '.join(allowed)}.")
    if not use.is_irreversible or settings.irreversible_tools == "off" or not _others_speak(use.conversation):
        return
    record("tools", settings.irreversible_tools, kind="irreversible", found=use.tool)
    if settings.irreversible_tools == "refuse":
        raise ToolRefused(
            f"{use.tool} cannot be undone, and this conversation holds what tools or documents say: "
            "a person has to decide about it.",
            hint="Say what you would do, and ask the user to do it.",
        )


def _others_speak(conversation: Sequence[Message]) -> bool:
    """Whether tools or documents say something in a conversation."""
    return any(
        part.source == "data"
        for message in conversation
        if message.role in {"user", "tool"}
        for part in parts_of(message)
    )
