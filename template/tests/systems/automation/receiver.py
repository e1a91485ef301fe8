"""A real HTTP server that receives actions."""

import json
from http.server import BaseHTTPRequestHandler
from typing import Any, cast

from tests.servers import LocalServer


class Receiver(LocalServer):
    """Keeps what it receives, and answers with the statuses that a test wants, then with 200."""

    def __init__(self) -> None:
        super().__init__(_Handler)
        self.statuses: list[int] = []
        self.bodies: list[dict[str, Any]] = []
        self.raw: list[bytes] = []
        self.headers: list[dict[str, str]] = []


class _Handler(BaseHTTPRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name is the base class's
        """Stay silent."""

    def do_POST(self) -> None:
        """Keep an action."""
        server = cast("Receiver", self.server)
        body = self.rfile.read(int(self.headers["Content-Length"]))
        server.raw.append(body)
        server.bodies.append(json.loads(body))
        server.headers.append({name.lower(): value for name, value in self.headers.items()})
        self.send_response(server.statuses.pop(0) if server.statuses else 200)
        self.end_headers()
