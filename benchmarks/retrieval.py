"""What retrieval in PostgreSQL costs and finds, on an embedded server that begins empty.

    uv run --isolated --no-project --with-requirements benchmarks/retrieval.txt python benchmarks/retrieval.py

1. Ingestion: the shipped documents, from file to found, against the slower of its two parts, embedding and
   writing.
2. Keyword ranking on the shipped questions against bm25s.
3. Search at 10,000 chunks and more (default: 10000 100000) of made-up text, whose words are as frequent as
   words are (Zipf), and made-up vectors that lie as real ones do: p50 and p95 of each search against its
   bare SQL, the recall of the HNSW index against exact search with and without a filter, and the disk.

Prints ratios measured in this run, and names the machine.
"""

import asyncio
import os
import platform
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any
from uuid import UUID

import numpy as np

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT / "template"))
os.environ["ENVIRONMENT"] = "test"

DIMENSION = 256
BATCH = 2000
QUESTIONS = 100
NEAREST = 10


def percentiles(times: Sequence[float]) -> tuple[float, float]:
    """Return p50 and p95 in milliseconds."""
    cuts = statistics.quantiles(times, n=20)
    return 1000 * cuts[9], 1000 * cuts[18]


async def timed(work: Callable[[int], Awaitable[object]], rounds: int = QUESTIONS) -> list[float]:
    times = []
    for number in range(rounds):
        started = time.perf_counter()
        await work(number)
        times.append(time.perf_counter() - started)
    return times


async def ingestion() -> None:
    from app.llm.embeddings import embed
    from app.parsing import parse
    from app.rag import Index, Origin, get_store
    from app.rag.adding import add_files
    from app.rag.chunking import chunk
    from app.rag.evaluation.shipped import shipped_documents
    from app.rag.files import find_files
    from app.rag.settings import RagSettings

    documents = shipped_documents()
    cut = {
        name: chunk((await parse(content, name)).sections, RagSettings.load())
        for name, content in documents.items()
    }
    many = sum(map(len, cut.values()))
    store, index = get_store(), Index(1_000_000, "local:wordllama", DIMENSION)
    await store.create(index)

    started = time.perf_counter()
    vectors = {name: (await embed([c.searched for c in chunks])).vectors for name, chunks in cut.items()}
    embedding = time.perf_counter() - started

    started = time.perf_counter()
    for number, (name, chunks) in enumerate(cut.items()):
        origin = Origin(UUID(int=number + 1), 1, "everyone", name, "markdown", "english")
        await store.write(index, origin, chunks, vectors[name])
    writing = time.perf_counter() - started
    await store.drop(index)

    with tempfile.TemporaryDirectory() as folder:
        for name, content in documents.items():
            (Path(folder) / name).write_bytes(content)
        started = time.perf_counter()
        outcomes = [outcome async for outcome in add_files(find_files([Path(folder)]))]
        whole = time.perf_counter() - started
    assert {outcome.state for outcome in outcomes} == {"indexed"}, outcomes
    print(f"\nIngestion of {len(documents)} documents, {many} chunks")
    print(f"  embedding alone {many / embedding:8.0f} chunks/s")
    print(f"  writing alone   {many / writing:8.0f} chunks/s")
    print(f"  file to found   {many / whole:8.0f} chunks/s")
    print(f"  file to found against the slower of the two: {max(embedding, writing) / whole:.2f}")


async def made_up(chunks: int, seed: int = 1) -> tuple[list[str], np.ndarray[Any, np.dtype[np.float32]]]:
    """Return texts of 80 words, as frequent as words are, and vectors that lie as those of real texts do.

    A vector is between those of two passages of the shipped documents, with noise of their covariance: so it
    has as many independent directions as they have. Those of random vectors would be 256, as no embedder's.
    """
    from app.llm.embeddings import embed
    from app.rag.evaluation.shipped import shipped_documents

    passages = [
        paragraph for content in shipped_documents().values() for paragraph in content.decode().split("\n\n")
    ]
    real = (await embed([each for each in passages if len(each) > 200])).vectors
    real = real / np.linalg.norm(real, axis=1, keepdims=True)
    chosen = np.random.default_rng(seed)
    numbers = np.minimum(chosen.zipf(1.25, (chunks, 80)), 200_000)
    texts = [" ".join(f"w{number}" for number in row) for row in numbers]
    vectors = np.empty((chunks, DIMENSION), np.float32)
    spread = np.linalg.cholesky(np.cov(real.T) + 1e-6 * np.eye(DIMENSION)).astype(np.float32)
    for first in range(0, chunks, BATCH):
        many = min(BATCH, chunks - first)
        share = chosen.random((many, 1), np.float32)
        pair = real[chosen.integers(0, len(real), (2, many))]
        noise = chosen.normal(size=(many, DIMENSION)).astype(np.float32) @ spread.T
        vectors[first : first + many] = share * pair[0] + (1 - share) * pair[1] + 0.5 * noise
    return texts, vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


async def search(chunks: int) -> None:
    from app.db import transaction
    from app.rag import Chunk, Condition, Index, Origin, Weights, Where, get_store
    from app.rag.keywords import statements as keywords
    from app.rag.pgvector import statements
    from app.rag.words import keyword_text
    from sqlalchemy import text

    store, index = get_store(), Index(1_000_001, "made-up", DIMENSION)
    texts, vectors = await made_up(chunks)
    document = max(chunks // 100, 1)  # so long is a document: a filter for one keeps 1 %
    started = time.perf_counter()
    for first in range(0, chunks, document):
        origin = Origin(UUID(int=first + 1), 1, "everyone", f"{first}.txt", "text", "simple")
        some = [Chunk(number, each) for number, each in enumerate(texts[first : first + document])]
        for start in range(0, len(some), BATCH):
            rows = slice(first + start, first + min(start + BATCH, document))
            await store.write(index, origin, some[start : start + BATCH], vectors[rows])
    writing = time.perf_counter() - started
    started = time.perf_counter()
    await store.create(index)  # on full tables: much faster than one by one
    async with transaction() as session:
        await session.execute(text("SET LOCAL statement_timeout = 0"))
        await session.execute(text("ANALYZE"))
        sizes = {
            name: int(await session.scalar(text(f"SELECT {size}")) or 0) / 1e6
            for name, size in (
                (
                    "chunks and words",
                    "pg_total_relation_size('rag_chunks') + pg_total_relation_size('rag_words')",
                ),
                ("vectors", "pg_table_size('rag_vectors') + pg_relation_size('pk_rag_vectors')"),
                ("HNSW", f"pg_relation_size('rag_vectors_{index.id}_{DIMENSION}')"),
            )
        }
    building = time.perf_counter() - started

    chosen = np.random.default_rng(2)
    picked = chosen.integers(0, chunks, QUESTIONS)
    asked = [" ".join(chosen.choice(texts[number].split(), 6, replace=False)) for number in picked]
    _, near = await made_up(QUESTIONS, seed=2)
    everything, few = Where(), Where(conditions=(Condition("source", "eq", "0.txt"),))
    print(
        f"\nSearch at {chunks} chunks (written in {writing:.0f} s, indexed in {building:.0f} s; "
        f"{', '.join(f'{name} {size:.0f} MB' for name, size in sizes.items())})"
    )

    async def bare(statement: str, parameters: dict[str, Any]) -> None:
        async with transaction() as session:
            await session.execute(text("SELECT set_config('hnsw.ef_search', '400', true)"))
            (await session.execute(text(statement), parameters)).all()

    dense_sql = statements.by_vector(index.id, DIMENSION, "")
    keyword_sql = keywords.by_keyword(index.id, "")
    both_sql = statements.by_both(index.id, DIMENSION, "")
    weights = {"dense_weight": 1.0, "keyword_weight": 1.0}

    def given(number: int, many: int = NEAREST) -> dict[str, Any]:
        return {
            "vector": f"[{','.join(map(repr, near[number].tolist()))}]",
            "question": keyword_text(asked[number]),
            "many": many,
            "most": NEAREST,
        }

    kinds: dict[str, tuple[Callable[[int], Awaitable[object]], Callable[[int], Awaitable[object]]]] = {
        "dense": (
            lambda n: store.dense(index, near[n], everything, NEAREST),
            lambda n: bare(dense_sql, {k: v for k, v in given(n).items() if k != "question"}),
        ),
        "keyword": (
            lambda n: store.keyword(index, asked[n], everything, NEAREST),
            lambda n: bare(keyword_sql, {k: v for k, v in given(n).items() if k != "vector"}),
        ),
        "hybrid": (
            lambda n: store.hybrid(index, asked[n], near[n], everything, NEAREST, Weights()),
            lambda n: bare(both_sql, {**given(n, 60), **weights}),
        ),
    }
    for name, (ours, plain) in kinds.items():
        await timed(ours, 10)
        (p50, p95), (bare50, bare95) = percentiles(await timed(ours)), percentiles(await timed(plain))
        print(
            f"  {name:<8} p50 {p50:7.1f} ms  p95 {p95:7.1f} ms   "
            f"bare statement {bare50:7.1f} and {bare95:7.1f}: {p50 - bare50:+.1f} ms"
        )
    for name, where, members in (
        ("no filter", everything, slice(None)),
        ("a filter that keeps 1 %", few, slice(0, document)),
    ):
        found = []
        exact = near @ vectors[members].T
        for number in range(QUESTIONS):
            best = np.sort(exact[number])[-NEAREST]
            hits = await store.dense(index, near[number], where, NEAREST)
            found.append(sum(each.scores["dense"] >= best - 0.001 for each in hits) / NEAREST)
        print(f"  recall@{NEAREST} of HNSW against exact search, {name}: {statistics.fmean(found):.3f}")
    await store.drop(index)


async def ranking() -> None:
    import bm25s
    import Stemmer
    from app.parsing import parse
    from app.rag import Where, get_store
    from app.rag.chunking import chunk
    from app.rag.evaluation.run import evaluate
    from app.rag.evaluation.shipped import shipped_dataset, shipped_documents, shipped_index, sources
    from app.rag.settings import RagSettings

    passages = [
        (name, each)
        for name, content in shipped_documents().items()
        for each in chunk((await parse(content, name)).sections, RagSettings.load())
    ]
    stemmer = Stemmer.Stemmer("english")
    other = bm25s.BM25(k1=1.2, b=0.75)
    options: dict[str, Any] = {"stopwords": "en", "stemmer": stemmer, "show_progress": False}
    other.index(bm25s.tokenize([each.searched for _, each in passages], **options), show_progress=False)
    index, names = await shipped_index(), sources()

    async def by_bm25s(question: str, _profile: str) -> list[tuple[str, str]]:
        best, scores = other.retrieve(bm25s.tokenize(question, **options), k=10, show_progress=False)
        return [
            (passages[n][0], passages[n][1].text) for n, s in zip(best[0], scores[0], strict=True) if s > 0
        ]

    async def by_us(question: str, _profile: str) -> list[tuple[str, str]]:
        return [
            (names[f.document], f.chunk.text) for f in await get_store().keyword(index, question, Where(), 10)
        ]

    ours = await evaluate(shipped_dataset(), "keyword", by_us, part="all")
    theirs = await evaluate(shipped_dataset(), "bm25s", by_bm25s, part="all")
    print("\nKeyword ranking on the shipped questions, nDCG@10")
    print(
        f"  ours {ours.mean('ndcg'):.3f}  bm25s {theirs.mean('ndcg'):.3f}: "
        f"{ours.mean('ndcg') / theirs.mean('ndcg'):.2f}"
    )


async def main(sizes: Sequence[int]) -> None:
    print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}")
    await ingestion()
    await ranking()
    for chunks in sizes:
        await search(chunks)


if __name__ == "__main__":
    import psycopg
    from app.core.logging import configure_logging
    from app.db import upgrade
    from app.embedded import EmbeddedPostgres
    from app.rag.extensions import STORES
    from app.rag.pgvector.adapter import PgVectorStore

    with tempfile.TemporaryDirectory() as folder:
        server = EmbeddedPostgres(Path(folder), durable=False)
        server.start()
        with psycopg.connect(server.url(), autocommit=True) as connection:
            connection.execute("ALTER SYSTEM SET maintenance_work_mem = '1GB'")
            connection.execute("SELECT pg_reload_conf()")
        os.environ |= {
            "DATABASE_URL": server.url(),
            "DATABASE_STATEMENT_TIMEOUT": "600",
            "LOG_LEVEL": "error",
        }
        configure_logging()
        upgrade()
        try:
            with STORES.override({"pgvector": PgVectorStore}):  # the template has all of them
                asyncio.run(main([int(word) for word in sys.argv[1:]] or [10_000, 100_000]))
        finally:
            server.stop()
