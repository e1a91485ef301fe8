"""What chats look like over HTTP.

Chat completions have OpenAI's format (https://platform.openai.com/docs/api-reference/chat). Fields that are
not here are ignored, except where that would change what comes back: those are refused.
"""

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, JsonValue

from app.conversations import ConversationId
from app.core.text import Text


def _must_be_false(value: bool) -> bool:
    if value:
        raise ValueError("it is not supported")
    return value


class Received(BaseModel):
    """A part of a request: nothing is converted, so `"1"` is not a number."""

    model_config = ConfigDict(strict=True)


class ImageUrl(Received):
    """A picture as `data:image/png;base64,…`."""

    url: Text


class ContentPart(Received):
    """A part of a message: text, or of a user a picture."""

    type: str
    text: Text | None = None
    refusal: Text | None = None
    image_url: ImageUrl | None = None


class FunctionCall(Received):
    """The function that a model asks for."""

    name: Text
    arguments: Text = Field(description="JSON, as the model wrote it.")


class WireToolCall(Received):
    """A call that a model asks for."""

    id: Text
    type: Literal["function"] = "function"
    function: FunctionCall


class ChatMessage(Received):
    """One message."""

    role: Literal["system", "developer", "user", "assistant", "tool"]
    content: Text | list[ContentPart] | None = None
    refusal: Text | None = None
    tool_calls: list[WireToolCall] | None = None
    tool_call_id: Text | None = None


class FunctionDefinition(Received):
    """A function that the client can carry out."""

    name: str = Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")
    description: Text | None = None
    parameters: dict[str, Any] = {"type": "object", "properties": {}}


class WireTool(Received):
    """A tool that the model may ask for."""

    type: Literal["function"]
    function: FunctionDefinition


class FunctionName(Received):
    """The name of a function."""

    name: Text


class ChosenTool(Received):
    """The tool that the model must ask for."""

    type: Literal["function"]
    function: FunctionName


class JsonSchema(Received):
    """The schema that an answer must fit."""

    name: Text = "answer"
    description: Text | None = None
    wire_schema: dict[str, Any] = Field(alias="schema")


class ResponseFormat(Received):
    """The form of the answer."""

    type: Literal["text", "json_object", "json_schema"]
    json_schema: JsonSchema | None = None


ReasoningEffort = Literal["none", "minimal", "low", "medium", "high", "xhigh", "max"]


class StreamOptions(Received):
    """What a stream brings besides the text."""

    include_usage: bool = False


class CompletionRequest(Received):
    """Continue a conversation."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"model": "offline:demo", "messages": [{"role": "user", "content": "Hello"}]}]
        }
    )

    model: Text
    messages: list[ChatMessage] = Field(min_length=1, max_length=2000)
    conversation_id: ConversationId | None = Field(
        None, description="Keeps the conversation here: then `messages` are only those that are new."
    )
    stream: bool = False
    stream_options: StreamOptions | None = None
    tools: list[WireTool] | None = Field(None, max_length=128)
    tool_choice: Literal["none", "auto", "required"] | ChosenTool | None = None
    parallel_tool_calls: bool | None = None
    response_format: ResponseFormat | None = None
    max_tokens: int | None = Field(None, ge=1)
    max_completion_tokens: int | None = Field(None, ge=1)
    temperature: float | None = Field(None, ge=0, le=2)
    top_p: float | None = Field(None, ge=0, le=1)
    stop: Text | list[Text] | None = None
    seed: int | None = None
    presence_penalty: float | None = Field(None, ge=-2, le=2)
    frequency_penalty: float | None = Field(None, ge=-2, le=2)
    reasoning_effort: ReasoningEffort | None = None
    modalities: list[Text] | None = Field(None, description="Only `text`.")
    audio: JsonValue = Field(None, description="Not supported.")
    functions: JsonValue = Field(None, description="Not supported: use `tools`.")
    function_call: JsonValue = Field(None, description="Not supported: use `tool_choice`.")
    logit_bias: JsonValue = Field(None, description="Not supported.")
    web_search_options: JsonValue = Field(None, description="Not supported.")
    prediction: JsonValue = Field(None, description="Not supported.")
    verbosity: Literal["medium"] | None = None
    n: int | None = Field(None, ge=1, le=1)
    logprobs: Annotated[bool, AfterValidator(_must_be_false)] | None = None


class Usage(BaseModel):
    """Tokens that a completion took."""

    prompt_tokens: int
    completion_tokens: int
    total_tokens: int


class AnswerMessage(BaseModel):
    """What the model said."""

    role: Literal["assistant"] = "assistant"
    content: str | None
    refusal: str | None = None
    tool_calls: list[WireToolCall] | None = None


FinishReason = Literal["stop", "length", "tool_calls", "content_filter"]


class Choice(BaseModel):
    """The answer."""

    index: Literal[0] = 0
    message: AnswerMessage
    finish_reason: FinishReason
    logprobs: None = None


class ConversationState(BaseModel):
    """What became of the conversation: this is ours, OpenAI has no such field."""

    id: str
    dropped_messages: int = Field(
        description="Earlier messages that did not fit: the model did not see them."
    )


class Completion(BaseModel):
    """An answer."""

    id: str
    object: Literal["chat.completion"] = "chat.completion"
    created: int
    model: str
    choices: list[Choice]
    usage: Usage
    conversation: ConversationState | None = None


class Model(BaseModel):
    """A model that can be asked for."""

    id: str
    object: Literal["model"] = "model"
    created: int = 0
    owned_by: str


class ModelList(BaseModel):
    """The models that can be asked for."""

    object: Literal["list"] = "list"
    data: list[Model]


class ErrorDetail(BaseModel):
    """What is wrong, as OpenAI says it."""

    message: str
    type: str = Field(examples=["invalid_request_error"])
    param: str | None
    code: str | None


class ErrorBody(BaseModel):
    """An error, as OpenAI says it."""

    error: ErrorDetail
