"""A stand-in for the providers of models: a local server that speaks their real wire formats.

It answers `Hello there`, or what a test puts into `answers`; a number there is an HTTP status to fail with.
"""

import json
import select
import socket
import threading
import time
from collections import deque
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler
from typing import Any, cast

from tests.servers import LocalServer

Json = dict[str, Any]

INPUT_TOKENS, OUTPUT_TOKENS = 11, 3


@dataclass(frozen=True, init=False)
class Calls:
    """An answer that calls tools, each a name and its arguments as JSON."""

    calls: tuple[tuple[str, str], ...]

    def __init__(self, *calls: tuple[str, str]) -> None:
        object.__setattr__(self, "calls", calls)


@dataclass(frozen=True)
class Raw:
    """An answer byte by byte, as a broken server may give it: the whole body, then the connection ends."""

    content: bytes


@dataclass(frozen=True)
class Message:
    """An answer of Chat Completions with this message, and why it ends. None: a stream just ends."""

    message: Json
    finish: str | None


@dataclass(frozen=True)
class Refusal:
    """An answer that is an error with a code of the provider's."""

    status: int
    code: str


class FakeProvider(LocalServer):
    """The server, with what it received."""

    def __init__(self) -> None:
        super().__init__(_Handler)
        self.answers: deque[str | int | Json | Calls | Refusal | Raw | Message] = deque()
        """What to answer, in turn: a text, the arguments of a call of the first tool, calls of tools by name,
        or a status to fail with."""
        self.requests: list[Json] = []
        self.paths: list[str] = []
        self.headers: list[dict[str, str]] = []
        self.delay = 0.0
        """Seconds to wait before each answer."""
        self.retry_after = 0
        """Seconds that it asks to wait with status 429."""
        self.asked = threading.Event()
        """Set once a request has arrived."""
        self.left = threading.Event()
        """Set when a client leaves before its answer is complete."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name is the base class's
        """Stay silent."""

    def do_POST(self) -> None:
        """Answer one request."""
        server = cast("FakeProvider", self.server)
        body: Json = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        server.requests.append(body)
        server.asked.set()
        server.paths.append(self.path)
        server.headers.append({name.lower(): value for name, value in self.headers.items()})
        answer = server.answers.popleft() if server.answers else "Hello there"
        if self._client_leaves_within(server.delay):
            server.left.set()
            return
        if isinstance(answer, Raw):
            self._send_raw(answer)
            return
        if isinstance(answer, int):
            answer = Refusal(answer, "no")
        if isinstance(answer, Refusal):
            error = {"message": answer.code, "type": "error", "code": answer.code}
            self._send(answer.status, {"error": error, "message": answer.code})
        elif body.get("stream"):
            self._send_stream(body, answer)
        else:
            self._send(200, _document(self.path, body, answer))

    def _client_leaves_within(self, seconds: float) -> bool:
        """Wait, and say whether the client has closed the connection meanwhile."""
        readable, _, _ = select.select([self.connection], [], [], seconds)
        return bool(readable) and not self.connection.recv(1, socket.MSG_PEEK)

    def _send_raw(self, answer: Raw) -> None:
        is_stream = answer.content.startswith(b"data:")
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream" if is_stream else "application/json")
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(answer.content)
        self.close_connection = True

    def _send(self, status: int, document: Json) -> None:
        content = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        if status == 429:
            self.send_header("Retry-After", str(cast("FakeProvider", self.server).retry_after))
        self.end_headers()
        self.wfile.write(content)

    def _send_stream(self, body: Json, answer: str | Json | Calls | Message) -> None:
        """Send the answer of Chat Completions piece by piece, as server-sent events."""
        deltas = _deltas(body, answer)
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Connection", "close")
        self.end_headers()
        finish = answer.finish if isinstance(answer, Message) else "stop"
        chunks: list[Json] = [{"choices": [_choice(delta)]} for delta in deltas]
        if finish:
            chunks += [{"choices": [_choice({}, finish)]}, {"choices": [], "usage": _usage()}]
        for chunk in chunks:
            frame = {"id": "c1", "object": "chat.completion.chunk", "created": 1, "model": body["model"]}
            self.wfile.write(f"data: {json.dumps({**frame, **chunk})}\n\n".encode())
        if finish:
            self.wfile.write(b"data: [DONE]\n\n")
        self.close_connection = True


def _deltas(body: Json, answer: str | Json | Calls | Message) -> list[Json]:
    """Return the pieces: words, or a tool call whose arguments come in two halves."""
    if isinstance(answer, Message):
        return [{"role": "assistant", **answer.message}]
    if isinstance(answer, Calls):
        return [{"role": "assistant", "tool_calls": _tool_calls(answer)}]
    if isinstance(answer, str):
        return [{"role": "assistant", "content": f"{word} "} for word in answer.split()]
    name, arguments = body["tools"][0]["function"]["name"], json.dumps(answer)
    function = {"name": name, "arguments": arguments[:5]}
    first = {"index": 0, "id": "t1", "type": "function", "function": function}
    second = {"index": 0, "function": {"arguments": arguments[5:]}}
    return [{"role": "assistant", "tool_calls": [first]}, {"tool_calls": [second]}]


def _tool_calls(answer: Calls) -> list[Json]:
    return [
        {
            "index": index,
            "id": f"t{index}-{time.monotonic_ns()}",
            "type": "function",
            "function": {"name": name, "arguments": arguments},
        }
        for index, (name, arguments) in enumerate(answer.calls)
    ]


def _choice(delta: Json, finish: str | None = None) -> Json:
    return {"index": 0, "delta": delta, "finish_reason": finish}


def _usage() -> Json:
    return {
        "prompt_tokens": INPUT_TOKENS,
        "completion_tokens": OUTPUT_TOKENS,
        "total_tokens": INPUT_TOKENS + OUTPUT_TOKENS,
    }


def _document(path: str, body: Json, answer: str | Json | Calls | Message) -> Json:
    if isinstance(answer, Message):
        return _completion(body, {"role": "assistant", **answer.message}, answer.finish)
    if isinstance(answer, Calls):
        message = {"role": "assistant", "content": None, "tool_calls": _tool_calls(answer)}
        return _completion(body, message)
    if path.endswith("/v1/messages"):
        return _anthropic(body, answer)
    if ":generateContent" in path:
        return _google(answer)
    if path.endswith("/converse"):
        return _bedrock(answer)
    return _chat_completion(body, answer)


def _chat_completion(body: Json, answer: str | Json) -> Json:
    """OpenAI's Chat Completions, which Azure, Mistral and Ollama speak too."""
    message: Json = {"role": "assistant", "content": answer}
    if isinstance(answer, dict):
        tool = body["tools"][0]["function"]["name"]
        call = {"id": "t1", "type": "function", "function": {"name": tool, "arguments": json.dumps(answer)}}
        message = {"role": "assistant", "content": None, "tool_calls": [call]}
    return _completion(body, message)


def _completion(body: Json, message: Json, finish: str | None = "stop") -> Json:
    return {
        "id": "c1",
        "object": "chat.completion",
        "created": 1,
        "model": body["model"],
        "choices": [{"index": 0, "message": message, "finish_reason": finish}],
        "usage": _usage(),
    }


def _anthropic(body: Json, answer: str | Json) -> Json:
    content: Json = {"type": "text", "text": answer}
    if isinstance(answer, dict):
        content = {"type": "tool_use", "id": "t1", "name": body["tools"][0]["name"], "input": answer}
    return {
        "id": "m1",
        "type": "message",
        "role": "assistant",
        "model": body["model"],
        "content": [content],
        "stop_reason": "end_turn",
        "usage": {"input_tokens": INPUT_TOKENS, "output_tokens": OUTPUT_TOKENS},
    }


def _google(answer: str | Json) -> Json:
    part = (
        {"text": answer}
        if isinstance(answer, str)
        else {"functionCall": {"name": "final_result", "args": answer}}
    )
    return {
        "candidates": [{"content": {"role": "model", "parts": [part]}, "finishReason": "STOP"}],
        "usageMetadata": {
            "promptTokenCount": INPUT_TOKENS,
            "candidatesTokenCount": OUTPUT_TOKENS,
            "totalTokenCount": INPUT_TOKENS + OUTPUT_TOKENS,
        },
        "modelVersion": "gemini",
    }


def _bedrock(answer: str | Json) -> Json:
    content: Json = {"text": answer}
    if isinstance(answer, dict):
        content = {"toolUse": {"toolUseId": "t1", "name": "final_result", "input": answer}}
    return {
        "output": {"message": {"role": "assistant", "content": [content]}},
        "stopReason": "end_turn",
        "usage": {
            "inputTokens": INPUT_TOKENS,
            "outputTokens": OUTPUT_TOKENS,
            "totalTokens": INPUT_TOKENS + OUTPUT_TOKENS,
        },
        "metrics": {"latencyMs": 1},
    }
