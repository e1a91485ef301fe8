"""What goes into the assistant, and what comes out."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from app.core.text import Text


class Turn(BaseModel):
    """One message of the conversation before."""

    model_config = ConfigDict(extra="forbid")

    role: Literal["user", "assistant"]
    text: Text = Field(max_length=100_000)


class Request(BaseModel):
    """What the user says, and what was said before."""

    model_config = ConfigDict(extra="forbid")

    message: Text = Field(min_length=1, max_length=100_000)
    history: list[Turn] = Field(default_factory=list, max_length=1000)


class Response(BaseModel):
    """The assistant's answer."""

    reply: str
    by: Literal["code", "agent"]
    """Who has answered: a calculation needs no model."""
