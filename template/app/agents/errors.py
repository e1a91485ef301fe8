"""Errors of agents. Each keeps what was said until then."""

from collections.abc import Sequence

from app.core.errors import AppError
from app.llm import Message


class AgentError(AppError):
    """An agent did not come to an answer."""

    status = 502
    code = "agent-failed"
    title = "Agent failed"

    def __init__(self, detail: str, *, transcript: Sequence[Message] = (), hint: str | None = None) -> None:
        super().__init__(detail, hint=hint)
        self.transcript = tuple(transcript)
        """The conversation until the failure."""


class TooManySteps(AgentError):
    """The agent went on using tools until its limit."""

    code = "agent-too-many-steps"
    title = "Agent took too many steps"


class BadAnswer(AgentError):
    """The answer was wrong, also after the corrections that are allowed."""

    code = "agent-bad-answer"
    title = "Agent gave no usable answer"
