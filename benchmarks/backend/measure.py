"""Measures inside a generated project; see benchmarks/backend.py of the template."""

import asyncio
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
from pathlib import Path
from typing import Any

import psycopg
from app.core.ports import free_port
from app.dev.valkey import EmbeddedValkey
from app.embedded import EmbeddedPostgres
from load import hammer, request

ROUNDS = 3
SECONDS = 5.0
RUNS = 600
READERS = 200


@contextmanager
def process(*command: str, ready: Callable[[], bool] | None = None) -> Iterator[subprocess.Popen[bytes]]:
    """Run a process, silently, for as long as it is needed."""
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    started = subprocess.Popen([sys.executable, "-m", *command], **quiet)  # type: ignore[call-overload]
    try:
        deadline = time.monotonic() + 60
        while ready and not ready():
            assert time.monotonic() < deadline
            assert started.poll() is None
            time.sleep(0.1)
        yield started
    finally:
        started.terminate()
        started.wait(timeout=60)


def listens(port: int) -> Callable[[], bool]:
    def check() -> bool:
        import socket

        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", port)) == 0

    return check


def message(method: str, path: str, key: str, body: object = None) -> bytes:
    """Return the bytes of a request."""
    content = json.dumps(body).encode() if body is not None else b""
    head = f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {key}\r\n"
    if content:
        head += f"Content-Type: application/json\r\nContent-Length: {len(content)}\r\n"
    return f"{head}\r\n".encode() + content


def app_(*arguments: str) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-m", "app", *arguments], check=True, capture_output=True, text=True
    )
    document: dict[str, Any] = json.loads(done.stdout) if "--json" in arguments else {}
    return document


def sql(statement: str, *values: object) -> list[tuple[Any, ...]]:
    with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as connection:
        cursor = connection.execute(statement.encode(), values)
        return cursor.fetchall() if cursor.description else []


def row(*cells: object) -> None:
    print(f"| {' | '.join(map(str, cells))} |", flush=True)


# ---- the route


def routes(key: str) -> None:
    ours, plain = free_port(), free_port()
    with (
        process("app", "serve", "--port", str(ours), ready=listens(ours)),
        process("uvicorn", "plain:app", "--port", str(plain), "--log-level", "warning", ready=listens(plain)),
    ):
        created = asyncio.run(post_one(ours, key))
        get = message("GET", f"/v1/runs/{created}", key)
        found = {ours: [], plain: []}  # type: ignore[var-annotated]
        for _ in range(ROUNDS):
            for port, results in found.items():
                results.append(asyncio.run(hammer(port, get, SECONDS)))
    rates = {port: statistics.median(rate for rate, _ in results) for port, results in found.items()}
    slowest = {port: statistics.median(p99 for _, p99 in results) for port, results in found.items()}
    row(
        "`GET /v1/runs/{id}`: requests a second, against a hand-written route without middleware",
        f"{rates[ours] / rates[plain]:.2f}",
        "at least 0.7",
    )
    row("the same: 99th percentile of the time", f"{slowest[ours] / slowest[plain]:.2f}", "")
    row("the same: requests a second of one process of the API", f"{rates[ours]:.0f}", "")


async def post_one(port: int, key: str) -> str:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    body = {"workflow": "noop", "input": {}}
    answer = await request(reader, writer, message("POST", "/v1/runs", key, body), 202)
    writer.close()
    return str(json.loads(answer)["id"])


# ---- what each layer costs, without a network


async def layers(key: str) -> None:
    from app.api import require
    from app.api.middleware import BodyLimit, RequestLog, ResponseHeaders, TrustedHosts
    from app.core.logging import configure_logging
    from fastapi import FastAPI

    configure_logging()

    def build(*middleware: Any, secured: bool = False) -> FastAPI:
        app = FastAPI()

        @app.get("/x", dependencies=[require("runs:read")] if secured else [])
        async def x() -> dict[str, int]:
            return {"x": 1}

        for add in middleware:
            add(app)
        return app

    stacks: dict[str, FastAPI] = {
        "a route that returns a constant": build(),
        "+ `BodyLimit`": build(lambda a: a.add_middleware(BodyLimit, limit=10**6, known_limit=10**7)),
        "+ `TrustedHosts`": build(lambda a: a.add_middleware(TrustedHosts, hosts=("127.0.0.1",))),
        "+ `RequestLog`": build(lambda a: a.add_middleware(RequestLog)),
        "+ `ResponseHeaders`": build(lambda a: a.add_middleware(ResponseHeaders)),
        "+ the key and its scope": build(secured=True),
    }
    times: dict[str, list[float]] = {name: [] for name in stacks}
    for _ in range(5):
        for name, app in stacks.items():
            times[name].append(await cost(app, key))
    os.environ["API_RATE_LIMIT"] = "100000000"
    from app.core.settings import Settings

    Settings.load.cache_clear()
    limited = statistics.median([await cost(stacks["+ the key and its scope"], key) for _ in range(5)])
    base = statistics.median(times["a route that returns a constant"])
    for name, measured in times.items():
        row(name, f"{statistics.median(measured) / base:.2f}")
    row("+ the key, its scope and its rate limit", f"{limited / base:.2f}")


async def cost(app: Any, key: str, count: int = 1000) -> float:
    """Return the seconds of a call, straight into the application."""
    scope = {
        "type": "http", "method": "GET", "path": "/x", "raw_path": b"/x", "query_string": b"",
        "headers": [(b"host", b"127.0.0.1"), (b"authorization", f"Bearer {key}".encode())],
        "scheme": "http", "http_version": "1.1", "root_path": "", "server": ("127.0.0.1", 80),
        "client": ("127.0.0.1", 1), "asgi": {"version": "3.0"},
    }  # fmt: skip

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(_message: Any) -> None:
        return None

    started = time.perf_counter()
    for _ in range(count):
        await app(dict(scope), receive, send)
    return (time.perf_counter() - started) / count


# ---- runs


def runs(key: str) -> None:
    sql("CREATE TABLE plain (id int PRIMARY KEY, status text, at timestamptz)")
    port = free_port()
    rates: dict[str, list[float]] = {"ours": [], "plain": []}
    worker = ["celery", "-A", "plain:celery", "worker", "--pool=threads", "--concurrency=16", "-Q", "plain"]
    with (
        process("app", "serve", "--port", str(port), ready=listens(port)),
        process("app", "worker", "--concurrency", "16"),
        process(*worker, "--without-gossip", "--without-mingle"),
    ):
        asyncio.run(post_one(port, key))
        time.sleep(8)  # both workers are up
        latencies = [asyncio.run(latency(port, key)) for _ in range(30)]
        for number in range(ROUNDS):
            rates["ours"].append(asyncio.run(our_runs(port, key)))
            rates["plain"].append(plain_tasks(number))
    ratio = statistics.median(rates["ours"]) / statistics.median(rates["plain"])
    row(
        "runs a second that do nothing, from `POST` to `succeeded`, against raw Celery tasks with two writes",
        f"{ratio:.2f}", "at least 0.6",
    )  # fmt: skip
    row(
        "runs a second of one API and one worker, PostgreSQL beside them",
        f"{statistics.median(rates['ours']):.0f}",
        "",
    )
    row("median time from `POST` to the start of the run", f"{statistics.median(latencies):.0f} ms", "")


async def our_runs(port: int, key: str) -> float:
    """Return runs a second: posted by 16 clients, and all succeeded."""
    (before,) = sql("SELECT count(*) FROM runs WHERE status = 'succeeded'")[0]
    post = message("POST", "/v1/runs", key, {"workflow": "noop", "input": {}})

    async def client() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for _ in range(RUNS // 16):
            await request(reader, writer, post, 202)
        writer.close()

    started = time.perf_counter()
    await asyncio.gather(*(client() for _ in range(16)))
    done = RUNS // 16 * 16
    while sql("SELECT count(*) FROM runs WHERE status = 'succeeded'")[0][0] < before + done:  # noqa: ASYNC110
        await asyncio.sleep(0.02)
    return done / (time.perf_counter() - started)


def plain_tasks(number: int) -> float:
    """Return tasks a second: rows inserted and sent by 16 threads, and all done."""
    from concurrent.futures import ThreadPoolExecutor

    from plain import work

    first = number * RUNS

    def insert_and_send(row_id: int) -> None:
        sql("INSERT INTO plain VALUES (%s, 'queued', now())", row_id)
        work.delay(row_id)

    started = time.perf_counter()
    with ThreadPoolExecutor(16) as threads:
        list(threads.map(insert_and_send, range(first, first + RUNS)))
    while sql("SELECT count(*) FROM plain WHERE status = 'succeeded'")[0][0] < first + RUNS:
        time.sleep(0.02)
    return RUNS / (time.perf_counter() - started)


async def latency(port: int, key: str) -> float:
    """Return the milliseconds between the row of a run and its start, by the database's clock."""
    run_id = await post_one(port, key)
    query = "SELECT extract(epoch FROM started_at - created_at) FROM runs WHERE id = %s"
    while (found := sql(query, run_id)[0][0]) is None:  # noqa: ASYNC110 - another process writes it
        await asyncio.sleep(0.01)
    return float(found) * 1000


# ---- idle streams


def streams(key: str) -> None:
    port = free_port()
    with process("app", "serve", "--port", str(port), ready=listens(port)) as server:
        asyncio.run(with_readers(port, key, server.pid))


async def with_readers(port: int, key: str, pid: int) -> None:
    waiting = await post_one(port, key)  # no worker runs: it stays queued
    get = message("GET", f"/v1/runs/{waiting}", key)
    await hammer(port, get, 2)
    without = [(await hammer(port, get, SECONDS, 4))[1] for _ in range(ROUNDS)]
    before = resident(pid)
    stream = message("GET", f"/v1/runs/{waiting}/events", key)
    writers = []
    for _ in range(READERS):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(stream)
        await reader.readuntil(b"queued")
        writers.append(writer)
    after = resident(pid)
    beside = [(await hammer(port, get, SECONDS, 4))[1] for _ in range(ROUNDS)]
    for writer in writers:
        writer.close()
    row(f"{READERS} idle event streams: memory of each", f"{(after - before) / READERS:.0f} KB", "")
    row(
        "99th percentile of `GET /v1/runs/{id}` beside them, against without",
        f"{statistics.median(beside) / statistics.median(without):.2f}",
        "about 1",
    )


def resident(pid: int) -> int:
    """Return the memory of a process, in KB."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS"))


def machine() -> str:
    model = "unknown processor"
    if (cpuinfo := Path("/proc/cpuinfo")).exists():
        lines = cpuinfo.read_text().splitlines()
        model = next((line.split(": ")[1] for line in lines if line.startswith("model name")), model)
    return f"{os.cpu_count()} cores, {model}, {platform.system()}, Python {platform.python_version()}"


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        postgres, valkey = EmbeddedPostgres(Path(name) / "postgres"), EmbeddedValkey(Path(name) / "valkey")
        postgres.start()
        valkey.start()
        os.environ |= {
            "DATABASE_URL": postgres.url(),
            "BROKER_URL": valkey.url(),
            "ENVIRONMENT": "test",
        }
        try:
            app_("db", "upgrade")
            key = str(app_("keys", "create", "benchmark", "--scope", "admin", "--json")["key"])
            print(f"On {machine()}.\n\n| measured | ratio | goal |\n|---|---|---|", flush=True)
            sections: list[Callable[[str], None]] = [routes, runs, streams]
            for section in sections:
                if not sys.argv[1:] or section.__name__ in sys.argv[1:]:
                    section(key)
            print("\n| one call, straight into the application | ratio |\n|---|---|", flush=True)
            with Path(os.devnull).open("w") as nowhere, contextlib.redirect_stderr(nowhere):
                asyncio.run(layers(key))  # the request log is written, but not seen
        finally:
            valkey.stop()
            postgres.stop()


if __name__ == "__main__":
    main()
