"""Ingestion against the pipeline that `fastapi-fullstack` generates: the same documents, embedder and server.

    uv run --isolated --no-project --with-requirements benchmarks/ingestion.txt python benchmarks/ingestion.py

Both keep vectors in pgvector on one embedded PostgreSQL, and ask one local server for them that speaks
OpenAI's protocol: WordLlama answers, so that embedding costs both the same. Each has its own environment, and
cuts as its own defaults say: theirs into 512 characters with an overlap of 50, without words to search by.
Prints documents and chunks a second of both, the ratio, and the machine.
"""

import asyncio
import base64
import json
import os
import platform
import subprocess
import sys
import tempfile
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

ROOT = Path(__file__).parent.parent
TIMES = (1, 3)
"""How often the 103 shipped documents are ingested, each time under another name and with another line."""


async def ours(documents: list[Path]) -> tuple[float, int]:
    """Return seconds, and chunks."""
    sys.path.insert(0, str(ROOT / "template"))
    from app.db import upgrade
    from app.rag import get_store, index_to_search
    from app.rag.adding import add_files
    from app.rag.extensions import STORES
    from app.rag.files import find_files
    from app.rag.pgvector.adapter import PgVectorStore

    upgrade()
    with STORES.override({"pgvector": PgVectorStore}):  # the template has all of them
        started = time.perf_counter()
        outcomes = [outcome async for outcome in add_files(find_files(documents))]
        seconds = time.perf_counter() - started
        assert {outcome.state for outcome in outcomes} == {"indexed"}, outcomes
        index = await index_to_search()
        assert index
        return seconds, await get_store().count(index)


async def theirs(documents: list[Path]) -> tuple[float, int]:
    """Return seconds, and chunks."""
    sys.path.insert(0, str(Path.cwd()))
    os.environ["ENVIRONMENT"] = "local"
    from app.services.rag.config import EmbeddingsConfig, RAGSettings
    from app.services.rag.documents import DocumentProcessor
    from app.services.rag.embeddings import EmbeddingService
    from app.services.rag.ingestion import IngestionService
    from app.services.rag.vectorstore import PgVectorStore

    settings = RAGSettings(embeddings_config=EmbeddingsConfig(model="wordllama", dim=256))
    store = PgVectorStore(settings=settings, embedding_service=EmbeddingService(settings=settings))
    service = IngestionService(processor=DocumentProcessor(settings=settings), vector_store=store)
    started = time.perf_counter()
    for path in documents:
        done = await service.ingest_file(path, "documents")
        assert done.status == "done", done
    return time.perf_counter() - started, (await store.get_collection_info("documents")).total_vectors


class Embeddings(BaseHTTPRequestHandler):
    """`POST /v1/embeddings`, answered by WordLlama."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        """Answer in base64 where it is asked for, as OpenAI does."""
        import numpy as np
        from app.llm.embeddings import embed

        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        texts = [asked["input"]] if isinstance(asked["input"], str) else asked["input"]
        vectors = asyncio.run(embed(texts, embedder="local:wordllama")).vectors.astype(np.float32)
        as_base64 = asked.get("encoding_format") == "base64"
        data = [
            {
                "object": "embedding",
                "index": number,
                "embedding": base64.b64encode(row.tobytes()).decode() if as_base64 else row.tolist(),
            }
            for number, row in enumerate(vectors)
        ]
        usage = {"prompt_tokens": 1, "total_tokens": 1}
        answer = json.dumps(
            {"object": "list", "model": asked["model"], "data": data, "usage": usage}
        ).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_arguments: object) -> None:
        """Say nothing."""


def write_documents(folder: Path, times: int) -> int:
    """Return how many there are."""
    from app.rag.evaluation.shipped import shipped_documents

    folder.mkdir()
    for number in range(times):
        for name, content in shipped_documents().items():
            text = f"Copy {number}.\n\n".encode() + content
            (folder / f"{number}-{Path(name).stem}.md").write_bytes(text)
    return len(list(folder.iterdir()))


def measured(which: str, folder: Path, project: Path, environment: dict[str, str]) -> tuple[float, int]:
    """Run one side in a process of its own."""
    with_theirs = ["uv", "run", "--no-dev", "--python", sys.executable, "python"]
    python = with_theirs if which == "theirs" else [sys.executable]
    done = subprocess.run(
        [*python, str(Path(__file__).resolve()), which, str(folder)],
        cwd=project if which == "theirs" else ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise SystemExit(done.stderr)
    seconds, chunks = json.loads(done.stdout.splitlines()[-1])
    return seconds, chunks


def main() -> None:
    sys.path.insert(0, str(ROOT / "template"))
    os.environ |= {"ENVIRONMENT": "test", "LOG_LEVEL": "error"}
    import psycopg
    from app.embedded import EmbeddedPostgres

    print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        cli = Path(sys.executable).with_name("fastapi-fullstack")
        subprocess.run(
            [
                *(cli, "create", "peer", "--rag", "--vector-store", "pgvector", "--frontend", "none"),
                *("--python-version", f"{sys.version_info.major}.{sys.version_info.minor}"),
            ],
            cwd=folder,
            check=True,
            capture_output=True,
        )
        server = EmbeddedPostgres(folder / "postgres", durable=False)
        server.start()
        embeddings = ThreadingHTTPServer(("127.0.0.1", 0), Embeddings)
        threading.Thread(target=embeddings.serve_forever, daemon=True).start()
        asked = {
            "OPENAI_API_KEY": "sk-none",
            "OPENAI_BASE_URL": f"http://127.0.0.1:{embeddings.server_port}/v1",
            "RAG_EMBEDDER": "openai:wordllama",
        }
        try:
            for times in TIMES:
                documents = folder / f"documents-{times}"
                many = write_documents(documents, times)
                rates = {}
                for which in ("theirs", "ours"):
                    database = f"{which}_{times}"
                    with psycopg.connect(server.url(), autocommit=True) as connection:
                        connection.execute(f"CREATE DATABASE {database}")  # a word of ours
                    there = psycopg.conninfo.conninfo_to_dict(server.url())
                    variables = {
                        "POSTGRES_HOST": str(there["host"]),
                        "POSTGRES_PORT": str(there["port"]),
                        "POSTGRES_USER": str(there["user"]),
                        "POSTGRES_PASSWORD": str(there.get("password", "")),
                        "POSTGRES_DB": database,
                        "DATABASE_URL": server.url(database),
                    }
                    seconds, chunks = measured(
                        which, documents, folder / "peer/backend", {**asked, **variables}
                    )
                    rates[which] = many / seconds
                    print(
                        f"{many} documents, {which}: {many / seconds:.1f} documents/s, "
                        f"{chunks / seconds:.0f} chunks/s ({chunks} chunks)"
                    )
                print(f"{many} documents, ours against theirs: {rates['ours'] / rates['theirs']:.2f}")
        finally:
            embeddings.shutdown()
            server.stop()


if __name__ == "__main__":
    if sys.argv[1:]:
        side = {"ours": ours, "theirs": theirs}[sys.argv[1]]
        print(json.dumps(asyncio.run(side(sorted(Path(sys.argv[2]).iterdir())))))
    else:
        main()
