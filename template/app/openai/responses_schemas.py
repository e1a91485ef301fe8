"""OpenAI's Responses API over HTTP (https://platform.openai.com/docs/api-reference/responses).

Fields that are not here are ignored, except where that would change what comes back: those are refused.
"""

from typing import Any, Literal

from pydantic import ConfigDict, Field, JsonValue

from app.conversations import ConversationId
from app.core.text import Text
from app.openai.schemas import ReasoningEffort, Received


class InputPart(Received):
    """A part of a message: text, or of a user a picture."""

    type: str
    text: Text | None = None
    refusal: Text | None = None
    image_url: Text | None = None


class InputItem(Received):
    """A message, a call of a function, its result, or a reference to an item of an earlier response."""

    type: str = "message"
    role: Literal["system", "developer", "user", "assistant"] | None = None
    content: Text | list[InputPart] | None = None
    id: Text | None = None
    call_id: Text | None = None
    name: Text | None = None
    arguments: Text | None = None
    output: Text | list[InputPart] | None = None


class FunctionTool(Received):
    """A function that the client can carry out."""

    type: str
    name: str = Field("", pattern=r"^[A-Za-z0-9_-]{0,64}$")
    description: Text | None = None
    parameters: dict[str, Any] | None = None


class ChosenFunction(Received):
    """The function that the model must ask for."""

    type: Literal["function"]
    name: Text


class TextFormat(Received):
    """The form of the answer."""

    type: Literal["text", "json_object", "json_schema"]
    name: Text = "answer"
    wire_schema: dict[str, Any] | None = Field(None, alias="schema")


class TextOptions(Received):
    """How the text is to be."""

    format: TextFormat | None = None
    verbosity: Literal["medium"] | None = None


class Reasoning(Received):
    """How much the model thinks."""

    effort: ReasoningEffort | None = None


class ConversationReference(Received):
    """The conversation that the turn belongs to."""

    id: ConversationId


class ResponseRequest(Received):
    """Answer an input."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"model": "offline:demo", "input": "Hello"}]},
    )

    model: Text
    input: Text | list[InputItem]
    instructions: Text | None = None
    previous_response_id: Text | None = Field(None, description="Goes on from a response that is kept.")
    conversation: ConversationId | ConversationReference | None = Field(
        None, description="The name of a conversation of yours: it begins with the first use."
    )
    store: bool | None = Field(None, description="Whether a later request may go on from this one: true.")
    stream: bool | None = False
    tools: list[FunctionTool] | None = Field(None, max_length=128)
    tool_choice: Literal["none", "auto", "required"] | ChosenFunction | None = None
    parallel_tool_calls: bool | None = None
    text: TextOptions | None = None
    reasoning: Reasoning | None = None
    max_output_tokens: int | None = Field(None, ge=1)
    temperature: float | None = Field(None, ge=0, le=2)
    top_p: float | None = Field(None, ge=0, le=1)
    metadata: dict[str, Text] | None = Field(None, max_length=16)
    background: JsonValue = Field(None, description="Not supported: use a workflow.")
    prompt: JsonValue = Field(None, description="Not supported.")
    max_tool_calls: JsonValue = Field(None, description="Not supported: tools are the client's.")
    top_logprobs: JsonValue = Field(None, description="Not supported.")
