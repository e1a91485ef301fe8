"""How the tests ask for completions, and what they ask."""

import json
from typing import Any

from httpx2 import AsyncClient

MODEL = "openai:gpt-4.1-mini"
WEATHER = {
    "type": "function",
    "function": {
        "name": "weather",
        "description": "Tells the weather.",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}},
    },
}
USER = {"role": "user", "content": "What is the weather in Bonn?"}
PERSON = {
    "type": "object",
    "properties": {"name": {"type": "string"}, "age": {"type": "integer", "minimum": 0}},
    "required": ["name", "age"],
    "additionalProperties": False,
}


def tool(name: str, parameters: object = None) -> dict[str, Any]:
    return {"type": "function", "function": {"name": name, "parameters": parameters or {}}}


def answer_format(schema: object) -> dict[str, Any]:
    return {"type": "json_schema", "json_schema": {"name": "a", "schema": schema}}


async def ask(client: AsyncClient, *messages: dict[str, Any], **more: Any) -> dict[str, Any]:
    body = {"model": MODEL, "messages": messages or [USER], **more}
    document: dict[str, Any] = (await client.post("/v1/chat/completions", json=body)).json()
    return document


def events(text: str) -> list[Any]:
    """Return the data of server-sent events."""
    data = [line.removeprefix("data: ") for line in text.splitlines() if line]
    return [json.loads(item) if item != "[DONE]" else item for item in data]
