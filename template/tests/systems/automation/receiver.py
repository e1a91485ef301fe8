"""A real HTTP server that receives actions."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self, cast


class Receiver(ThreadingHTTPServer):
    """Keeps what it receives, and answers with the statuses that a test wants, then with 200."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.statuses: list[int] = []
        self.bodies: list[dict[str, Any]] = []
        self.raw: list[bytes] = []
        self.headers: list[dict[str, str]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/actions"

    def __enter__(self) -> Self:
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        return self

    def server_close(self) -> None:
        """Stop serving first: the base class calls this at the end of a `with` block."""
        self.shutdown()
        super().server_close()


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
