"""Measures inside a generated project; see benchmarks/monitoring.py of the template."""

import contextlib
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import httpx2
from app.core.ports import free_port
from app.dev.valkey import EmbeddedValkey
from app.embedded import EmbeddedPostgres

ROUNDS = 9
REQUESTS = 120
SPANS = 1_000_000
TEXT = "The garden is green, and the sky over the old town is blue, as it says in chapter 7. "


class Collector(BaseHTTPRequestHandler):
    """Takes everything."""

    protocol_version = "HTTP/1.1"
    batches = 0

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        Collector.batches += 1
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def serving(environment: dict[str, str]) -> Iterator[int]:
    port = free_port()
    quiet: Any = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    command = [sys.executable, "-m", "app", "serve", "--port", str(port)]
    started = subprocess.Popen(command, env={**os.environ, **environment}, **quiet)
    try:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            with contextlib.suppress(httpx2.HTTPError):
                if httpx2.get(f"http://127.0.0.1:{port}/health/live").status_code == 200:
                    break
            time.sleep(0.1)
        yield port
    finally:
        begun = time.monotonic()
        started.terminate()
        started.wait(timeout=60)
        print(f"stopped in {time.monotonic() - begun:.1f} s", file=sys.stderr)


def percentiles(seconds: list[float]) -> tuple[float, float]:
    cuts = statistics.quantiles(seconds, n=100)
    return cuts[49] * 1000, cuts[98] * 1000


def traces(key: str) -> None:
    collector = ThreadingHTTPServer(("127.0.0.1", 0), Collector)
    Thread(target=collector.serve_forever, daemon=True).start()
    keys = {"LANGFUSE_PUBLIC_KEY": "pk-lf-1", "LANGFUSE_SECRET_KEY": "sk-lf-12345678"}
    off = {"TRACES_LOCAL": "false"}
    conditions = {
        "off": off,
        "on this machine": {"TRACES_LOCAL": "true"},
        "Langfuse up": {**off, **keys, "LANGFUSE_HOST": f"http://127.0.0.1:{collector.server_port}"},
        "Langfuse down": {**off, **keys, "LANGFUSE_HOST": f"http://127.0.0.1:{free_port()}"},
    }
    bodies = {
        "a chat request": {"model": "chat", "messages": [{"role": "user", "content": "Hello there"}]},
        "an agent with a tool": {
            "model": "assistant",
            "messages": [
                {"role": "user", "content": "How many days are there from 2026-11-22 to 2026-12-24?"}
            ],
        },
    }
    with contextlib.ExitStack() as stack:
        ports = {name: stack.enter_context(serving(settings)) for name, settings in conditions.items()}
        client = stack.enter_context(httpx2.Client(headers={"Authorization": f"Bearer {key}"}, timeout=30))
        models = [
            model["id"] for model in client.get(f"http://127.0.0.1:{ports['off']}/v1/models").json()["data"]
        ]
        bodies["a chat request"]["model"] = next(name for name in models if ":" in name)
        for what, body in bodies.items():
            measure(what, body, ports, client)
    collector.shutdown()
    print(f"(the collector took {Collector.batches} batches)")


def measure(what: str, body: dict[str, Any], ports: dict[str, int], client: httpx2.Client) -> None:
    """Ask each server in turn, round by round: what disturbs one disturbs the others too."""
    found: dict[str, list[tuple[float, float]]] = {name: [] for name in ports}
    lost = 0
    for round_ in range(ROUNDS + 1):
        for name, port in ports.items():
            times = []
            for _ in range(REQUESTS):
                begun = time.perf_counter()
                answer = client.post(f"http://127.0.0.1:{port}/v1/chat/completions", json=body)
                times.append(time.perf_counter() - begun)
                lost += answer.status_code != 200
            if round_:  # the first one warms up
                found[name].append(percentiles(times))
    for name, pairs in found.items():
        ratios = [
            statistics.median(mine[i] / off[i] for mine, off in zip(pairs, found["off"], strict=True))
            for i in (0, 1)
        ]
        p50 = statistics.median(pair[0] for pair in pairs)
        print(f"| {what}, traces {name} | {p50:.1f} ms | {ratios[0]:.2f} | {ratios[1]:.2f} |", flush=True)
    print(f"(requests that failed: {lost})", flush=True)


def guards() -> None:
    from app.guardrails.injection import find_injection
    from app.guardrails.leaks import Instructions, Secrets
    from app.guardrails.markup import Markup
    from app.privacy import find_personal_data

    text = (TEXT * 200)[:10_000]
    works: dict[str, Callable[[], object]] = {
        "injection, of users": partial(find_injection, text, "user"),
        "injection, in data": partial(find_injection, text, "data"),
        "secrets": lambda: Secrets("mask").clean(text),
        "instructions": lambda: Instructions("mask", "You are an assistant of a garden shop. " * 50).clean(
            text
        ),
        "markup": lambda: Markup("clean", ()).clean(text),
        "personal data": partial(find_personal_data, text),
    }
    for name, work in works.items():
        work()
        times = []
        for _ in range(30):
            begun = time.perf_counter()
            work()
            times.append(time.perf_counter() - begun)
        print(f"| {name} | {statistics.median(times) * 1000 / 10:.3f} ms |", flush=True)


def memory() -> None:
    """A million spans, each with a kilobyte that was said, for a collector that does not answer."""
    code = (
        "import os, resource, time\n"
        "from app.core.logging import configure_logging; configure_logging()\n"
        "from app.core.spans import span\n"
        "def rss(): return int(open('/proc/self/statm').read().split()[1]) * resource.getpagesize() / 2**20\n"
        "def work(n):\n"
        "    for number in range(n):\n"
        "        with span('tool', tool='t') as piece:\n"
        "            piece.say(result=f'{number} ' + 'x' * 1000)\n"
        f"work(10_000); before = rss(); begun = time.time(); work({SPANS})\n"
        "print(f'{before:.0f} {rss():.0f} {time.time() - begun:.0f}')\n"
        "from app.core.spans import end_spans; begun = time.time(); end_spans()\n"
        "print(f'{time.time() - begun:.1f}')\n"
        "os._exit(0)\n"
    )
    settings = {
        "TRACES_LOCAL": "false",
        "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{free_port()}",
        "LOG_LEVEL": "error",
    }
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, **settings},
        capture_output=True,
        text=True,
        check=True,
    )
    numbers, end = done.stdout.splitlines()[-2:]
    before, after, seconds = numbers.split()
    print(
        f"| a million spans, nobody takes them | {before} MiB before, {after} MiB after, "
        f"{seconds} s, end in {end} s |"
    )


def main() -> None:
    print(f"On {platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}.", flush=True)
    with tempfile.TemporaryDirectory() as name:
        postgres, valkey = EmbeddedPostgres(Path(name) / "postgres"), EmbeddedValkey(Path(name) / "valkey")
        postgres.start()
        valkey.start()
        os.environ |= {
            "DATABASE_URL": postgres.url(),
            "BROKER_URL": valkey.url(),
            "ENVIRONMENT": "development",
            "API_RATE_LIMIT": "0",
        }
        try:
            subprocess.run([sys.executable, "-m", "app", "db", "upgrade"], check=True, capture_output=True)
            create = [sys.executable, "-m", "app", "keys", "create", "bench", "--scope", "admin", "--json"]
            made = subprocess.run(create, check=True, capture_output=True, text=True)
            traces(json.loads(made.stdout)["key"])
        finally:
            valkey.stop()
            postgres.stop()
    guards()
    memory()


if __name__ == "__main__":
    main()
