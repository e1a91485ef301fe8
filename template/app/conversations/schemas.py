"""What the endpoints of conversations take and give."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, Field

ConversationId = Annotated[str, Field(pattern=r"^[A-Za-z0-9_.:-]{1,100}$", examples=["customer-7"])]


class CalledFunction(BaseModel):
    """The function that a model asked for."""

    name: str
    arguments: str = Field(description="JSON, as the model wrote it.")


class MessageToolCall(BaseModel):
    """A call that a model asked for."""

    id: str
    type: Literal["function"] = "function"
    function: CalledFunction


class ConversationView(BaseModel):
    """A conversation."""

    id: str
    created_at: datetime


class ConversationPage(BaseModel):
    """Some conversations, the newest first."""

    conversations: list[ConversationView]
    next_cursor: str | None = Field(description="Where the next page begins; null on the last one.")


class MessageView(BaseModel):
    """One message of a conversation."""

    id: int
    role: Literal["system", "user", "assistant", "tool"]
    content: str
    tool_calls: list[MessageToolCall] | None = None
    tool_call_id: str | None = None
    created_at: datetime


class MessagePage(BaseModel):
    """Some messages, the oldest first."""

    messages: list[MessageView]
    next_cursor: str | None = Field(description="Where the next page begins; null on the last one.")
