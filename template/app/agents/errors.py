"""Errors of agents. Each keeps what was said until then."""

from collections.abc import Sequence

from app.core.errors import AppError
from app.llm import Message, as_json


class AgentError(AppError):
    """An agent did not come to an answer."""

    status = 502
    code = "agent-failed"


class TooManySteps(AgentError):
    """The agent went on using tools, or handing over, until its limit."""

    code = "agent-too-many-steps"


class BadAnswer(AgentError):
    """The answer was wrong, also after the corrections that are allowed."""

    code = "agent-bad-answer"


def keep_transcript(error: AppError, transcript: Sequence[Message]) -> None:
    """Keep the conversation until a failure with the error."""
    error.details["transcript"] = as_json(transcript)
