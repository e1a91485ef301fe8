"""OpenAI's own SDK is the client, over HTTP: what it understands, others do too."""

from collections.abc import AsyncIterator, Iterator

import pytest
from openai import (
    AsyncOpenAI,
    AuthenticationError,
    BadRequestError,
    NotFoundError,
    OpenAI,
    PermissionDeniedError,
)
from openai.types.chat import ChatCompletionMessageParam
from pydantic import BaseModel

from tests.api.fixtures import Served

pytestmark = pytest.mark.slow

MODEL = "offline:demo"
HELLO: list[ChatCompletionMessageParam] = [{"role": "user", "content": "Hello there"}]


class Place(BaseModel):
    city: str


@pytest.fixture(scope="module")
def openai(served: Served) -> Iterator[OpenAI]:
    with OpenAI(base_url=f"{served.url}/v1", api_key=served.key("runs:read", "runs:write")) as client:
        yield client


@pytest.fixture
async def async_openai(served: Served, openai: OpenAI) -> AsyncIterator[AsyncOpenAI]:
    async with AsyncOpenAI(base_url=f"{served.url}/v1", api_key=openai.api_key) as client:
        yield client


def test_models_are_listed_and_found(openai: OpenAI) -> None:
    model = openai.models.list().data[0]

    assert (model.id, model.owned_by) == (MODEL, "offline")
    assert openai.models.retrieve(MODEL).id == MODEL


def test_a_completion_has_text_usage_and_an_end(openai: OpenAI) -> None:
    completion = openai.chat.completions.create(model=MODEL, messages=HELLO)

    (choice,) = completion.choices
    assert (choice.message.role, choice.finish_reason) == ("assistant", "stop")
    assert "Hello there" in (choice.message.content or "")
    assert completion.usage is not None
    assert (
        completion.usage.total_tokens == completion.usage.prompt_tokens + completion.usage.completion_tokens
    )


def test_a_stream_brings_the_same_text_in_pieces(openai: OpenAI) -> None:
    whole = openai.chat.completions.create(model=MODEL, messages=HELLO).choices[0].message.content

    chunks = list(
        openai.chat.completions.create(
            model=MODEL, messages=HELLO, stream=True, stream_options={"include_usage": True}
        )
    )

    pieces = [chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices]
    assert "".join(pieces) == whole
    assert len([piece for piece in pieces if piece]) > 3
    assert [c.choices[0].finish_reason for c in chunks if c.choices][-1] == "stop"
    assert chunks[-1].usage is not None


async def test_the_async_client_streams_too(async_openai: AsyncOpenAI) -> None:
    stream = await async_openai.chat.completions.create(model=MODEL, messages=HELLO, stream=True)
    pieces = [chunk.choices[0].delta.content or "" async for chunk in stream]

    assert "Hello there" in "".join(pieces)


async def test_the_async_client_gets_a_completion(async_openai: AsyncOpenAI) -> None:
    completion = await async_openai.chat.completions.create(model=MODEL, messages=HELLO)

    assert "Hello there" in (completion.choices[0].message.content or "")


def test_an_answer_fits_the_schema_that_was_asked_for(openai: OpenAI) -> None:
    completion = openai.chat.completions.parse(model=MODEL, messages=HELLO, response_format=Place)

    assert isinstance(completion.choices[0].message.parsed, Place)


def test_an_unknown_model_is_not_found(openai: OpenAI) -> None:
    with pytest.raises(NotFoundError) as caught:
        openai.chat.completions.create(model="nonsense", messages=HELLO)

    assert caught.value.code == "model_not_found"
    assert MODEL in caught.value.message


def test_a_wrong_key_is_refused(served: Served) -> None:
    with (
        OpenAI(base_url=f"{served.url}/v1", api_key="nonsense") as stranger,
        pytest.raises(AuthenticationError) as caught,
    ):
        stranger.models.list()

    assert caught.value.code == "invalid_api_key"


def test_a_key_without_the_scope_is_refused(served: Served) -> None:
    with (
        OpenAI(base_url=f"{served.url}/v1", api_key=served.key("runs:read")) as reader,
        pytest.raises(PermissionDeniedError),
    ):
        reader.chat.completions.create(model=MODEL, messages=HELLO)


def test_a_wrong_request_names_the_parameter(openai: OpenAI) -> None:
    with pytest.raises(BadRequestError) as caught:
        openai.chat.completions.create(model=MODEL, messages=HELLO, temperature=9)

    assert caught.value.param == "temperature"
