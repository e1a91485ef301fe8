"""Clients of the OpenAI-compatible API, each as its users call it. Fails where one cannot be served.

uv run --no-project --with … python clients.py BASE_URL KEY
"""

import asyncio
import sys
from typing import Any

from pydantic import BaseModel

BASE, KEY = sys.argv[1], sys.argv[2]
MODEL = "offline:demo"
HELLO = "Hello there"


class Place(BaseModel):
    city: str


def openai_sdk() -> None:
    from openai import OpenAI

    client = OpenAI(base_url=BASE, api_key=KEY)
    said = client.chat.completions.create(model=MODEL, messages=[{"role": "user", "content": HELLO}])
    assert HELLO in (said.choices[0].message.content or "")
    assert HELLO in client.responses.create(model=MODEL, input=HELLO).output_text
    assert client.responses.parse(model=MODEL, input=HELLO, text_format=Place).output_parsed is not None
    with client.responses.stream(model=MODEL, input=HELLO) as stream:
        assert HELLO in stream.get_final_response().output_text


def langchain() -> None:
    from langchain_openai import ChatOpenAI

    chat = ChatOpenAI(base_url=BASE, api_key=KEY, model=MODEL)
    assert HELLO in str(chat.invoke(HELLO).content)
    assert HELLO in "".join(str(chunk.content) for chunk in chat.stream(HELLO))
    assert isinstance(chat.with_structured_output(Place, method="json_schema").invoke(HELLO), Place)
    assert "answer" in chat.with_structured_output(method="json_mode", schema=None).invoke("Answer in JSON")
    assert chat.invoke([("system", "Say hello.")]).content
    responses = ChatOpenAI(base_url=BASE, api_key=KEY, model=MODEL, use_responses_api=True)
    assert HELLO in str(responses.invoke(HELLO).content)


def litellm() -> None:
    import litellm

    options: dict[str, Any] = {"api_base": BASE, "api_key": KEY, "model": f"openai/{MODEL}"}
    messages = [{"role": "user", "content": HELLO}]
    said = litellm.completion(messages=messages, **options)
    assert HELLO in said.choices[0].message.content
    whole = litellm.completion(messages=messages, response_format={"type": "json_object"}, **options)
    assert "answer" in whole.choices[0].message.content


def pydantic_ai() -> None:
    from pydantic_ai import Agent
    from pydantic_ai.models.openai import OpenAIChatModel, OpenAIResponsesModel
    from pydantic_ai.providers.openai import OpenAIProvider

    provider = OpenAIProvider(base_url=BASE, api_key=KEY)
    for kind in (OpenAIChatModel, OpenAIResponsesModel):
        model = kind(MODEL, provider=provider)
        assert HELLO in Agent(model).run_sync(HELLO).output
    # its default way to a structure offers a tool of this name
    tool: Any = {"type": "function", "function": {"name": "final_result", "parameters": {}}}
    client = provider.client

    async def offer() -> None:
        said = await client.chat.completions.create(
            model=MODEL, messages=[{"role": "user", "content": HELLO}], tools=[tool]
        )
        assert said.choices

    asyncio.run(offer())


def instructor() -> None:
    import instructor
    from openai import OpenAI

    client = instructor.from_openai(OpenAI(base_url=BASE, api_key=KEY), mode=instructor.Mode.JSON_SCHEMA)
    place = client.chat.completions.create(
        model=MODEL, messages=[{"role": "user", "content": HELLO}], response_model=Place
    )
    assert isinstance(place, Place)


async def async_openai() -> None:
    from openai import AsyncOpenAI

    client = AsyncOpenAI(base_url=BASE, api_key=KEY)
    stream = await client.chat.completions.create(
        model=MODEL, messages=[{"role": "user", "content": HELLO}], stream=True
    )
    pieces = [chunk.choices[0].delta.content or "" async for chunk in stream if chunk.choices]
    assert HELLO in "".join(pieces)


for client in (openai_sdk, langchain, litellm, pydantic_ai, instructor):
    client()
    print(f"{client.__name__}: served")
asyncio.run(async_openai())
print("all served")
