"""What stands for Langfuse: a local server that speaks its public API for prompts and scores."""

import json
import time
from http.server import BaseHTTPRequestHandler
from typing import Any, cast
from urllib.parse import parse_qs, unquote, urlsplit

from tests.servers import LocalServer


class FakeLangfuse(LocalServer):
    """The server, with its prompts and what it received."""

    def __init__(self) -> None:
        super().__init__(_Handler)
        self.prompts: dict[tuple[str, str], dict[str, Any]] = {}
        """By name and label."""
        self.scores: list[dict[str, Any]] = []
        self.status = 200
        """Another one: it fails with it."""
        self.delay = 0.0
        self.asked: list[str] = []

    def put(self, name: str, text: str, version: int = 1, label: str = "production") -> None:
        document = {"name": name, "version": version, "prompt": text, "type": "text", "labels": [label]}
        self.prompts[name, label] = {**document, "config": {}, "tags": []}


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        """Return a prompt."""
        server = self._server()
        parts = urlsplit(self.path)
        name = unquote(parts.path.rpartition("/")[2])
        found = server.prompts.get((name, parse_qs(parts.query)["label"][0]))
        self._answer(found or {"message": "not found"}, 200 if found else 404)

    def do_POST(self) -> None:
        """Take a prompt or a score."""
        server = self._server()
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.path.endswith("/scores"):
            server.scores.append(body)
            self._answer({"id": "s1"}, 200)
            return
        known = server.prompts.get((body["name"], body["labels"][0]))
        server.put(body["name"], body["prompt"], known["version"] + 1 if known else 1, body["labels"][0])
        self._answer(server.prompts[body["name"], body["labels"][0]], 201)

    def _server(self) -> FakeLangfuse:
        server = cast("FakeLangfuse", self.server)
        server.asked.append(self.path)
        time.sleep(server.delay)
        return server

    def _answer(self, document: dict[str, Any], status: int) -> None:
        server = cast("FakeLangfuse", self.server)
        content = b"<html>" if server.status == 302 else json.dumps(document).encode()
        self.send_response(status if server.status == 200 else server.status)
        self.send_header("Content-Length", str(len(content)))
        if server.status == 302:
            self.send_header("Location", "https://login.example/")
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002 - the name is the library's
        """Say nothing."""
