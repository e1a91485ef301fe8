"""The vector store in LanceDB."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import UUID

import numpy as np
import structlog
from numpy.typing import NDArray
from sqlalchemy import text

from app.db import transaction
from app.rag import Chunk, Found, Index, Origin, StoreUnavailable, Weights, Where, search_both
from app.rag.lancedb import conditions, schema
from app.rag.lancedb.settings import LanceDBSettings
from app.rag.stemming import stemmed, stemmed_question

if TYPE_CHECKING:
    from lancedb import AsyncConnection, AsyncTable

log = structlog.get_logger(__name__)

_TIDY_EVERY = 50
"""Changes after which a table is compacted: each leaves a file and a version."""
_KEPT = timedelta(minutes=10)
"""How long old versions stay, for who reads them still: what is deleted is on the disk no longer."""
_LOCK = 726_183_042
"""Of the advisory locks."""
_AT_LEAST = 60
"""So many are asked for: of chunks that fit equally well, the order is then ours."""


class LanceDBStore:
    """A table for each index. Every process reads what the others have written last."""

    def __init__(self) -> None:
        self._opened: AsyncConnection | None = None

    async def create(self, index: Index) -> None:
        """Make the table and its search indexes, if they are not there."""
        async with self._connected() as connection:
            if _name(index) in (await connection.list_tables()).tables:
                return
        async with _alone(index), self._connected() as connection:
            table = await connection.create_table(
                _name(index), schema=schema.of_index(index.dimension), exist_ok=True
            )
            await _add_indexes(table)

    async def drop(self, index: Index) -> None:
        """Delete the table."""
        async with _alone(index), self._connected() as connection:
            await connection.drop_table(_name(index), ignore_missing=True)

    async def write(
        self, index: Index, origin: Origin, chunks: Sequence[Chunk], vectors: NDArray[np.float32]
    ) -> None:
        """Add chunks with their vectors and stemmed words."""
        words = await stemmed([chunk.searched for chunk in chunks], origin.language)
        async with _alone(index), self._table(index) as table:
            if table is None:
                raise StoreUnavailable("The index is gone.", hint="Add the document again.")
            known = await table.schema()
            if missing := [c for c in schema.own_columns(origin.fields) if c.name not in known.names]:
                await table.add_columns(missing)
                known = await table.schema()
            rows = schema.to_rows(known, origin, chunks, vectors, words)
            await table.merge_insert("id").when_not_matched_insert_all().execute(rows)
            if await table.version() % _TIDY_EVERY == 0:
                await _tidy(table)

    async def delete(self, index: Index, document: UUID, *, keep: int | None = None) -> None:
        """Delete a document's chunks, but for those of one version."""
        async with _alone(index), self._table(index) as table:
            if table is None:
                return
            await table.delete(conditions.of_document(document, keep))

    async def dense(self, index: Index, vector: NDArray[np.float32], where: Where, limit: int) -> list[Found]:
        """Return the nearest chunks: compared exactly, or found by an index where there are many."""
        async with self._table(index) as table:
            if table is None:
                return []
            query = table.query().nearest_to(vector).distance_type("cosine").nprobes(50).refine_factor(4)
            if wanted := await _filter(table, where):
                query = query.where(wanted)
            rows = await query.select([*schema.CHUNK, "_distance"]).limit(max(limit, _AT_LEAST)).to_list()
        return _ordered([schema.to_found(row, dense=1 - row["_distance"]) for row in rows], limit)

    async def keyword(self, index: Index, query: str, where: Where, limit: int) -> list[Found]:
        """Return the chunks that fit the words best."""
        from lancedb.query import MatchQuery

        question = await stemmed_question(query)
        if not question:
            return []
        async with self._table(index) as table:
            if table is None:
                return []
            search = table.query().nearest_to_text(MatchQuery(question, "words"))
            if wanted := await _filter(table, where):
                search = search.where(wanted)
            rows = await search.select([*schema.CHUNK, "_score"]).limit(max(limit, _AT_LEAST)).to_list()
        return _ordered([schema.to_found(row, keyword=row["_score"]) for row in rows], limit)

    async def hybrid(
        self,
        index: Index,
        query: str,
        vector: NDArray[np.float32],
        where: Where,
        limit: int,
        weights: Weights,
    ) -> list[Found]:
        """Return the best of both rankings, fused."""
        return await search_both(self, index, query, vector, where, limit, weights)

    async def neighbours(self, index: Index, of: Sequence[Found], reach: int) -> list[Found]:
        """Return chunks with those around them."""
        async with self._table(index) as table:
            if table is None or not of:
                return []
            wanted = conditions.any_of([conditions.around(*each.key, reach) for each in of])
            rows = await table.query().where(wanted).select(schema.CHUNK).to_list()
        return sorted((schema.to_found(row) for row in rows), key=lambda each: each.key)

    async def vectors(self, index: Index, of: Sequence[Found]) -> NDArray[np.float32]:
        """Return the vectors of chunks."""
        async with self._table(index) as table:
            if table is None or not of:
                return np.empty((0, index.dimension), np.float32)
            wanted = conditions.any_of([conditions.around(*each.key, 0) for each in of])
            rows = await table.query().where(wanted).select(["id", "vector"]).to_list()
        known = {row["id"]: row["vector"] for row in rows}
        return np.array([known[schema.to_id(*each.key)] for each in of], np.float32)

    async def count(self, index: Index) -> int:
        """Return how many chunks there are."""
        async with self._table(index) as table:
            return 0 if table is None else int(await table.count_rows())

    async def health(self) -> str:
        """Return the version of LanceDB; the folder or bucket must be there to be read."""
        import lancedb

        async with self._connected() as connection:
            await connection.list_tables()
        return f"LanceDB {lancedb.__version__}"

    @asynccontextmanager
    async def _connected(self) -> "AsyncGenerator[AsyncConnection, None]":
        """Give the connection; what goes wrong with files or buckets is `StoreUnavailable`."""
        import lancedb

        try:
            if self._opened is None:
                uri = LanceDBSettings.load().uri
                self._opened = await lancedb.connect_async(uri, read_consistency_interval=timedelta(0))
            yield self._opened
        except (OSError, RuntimeError) as error:
            raise StoreUnavailable(
                f"LanceDB cannot be used: {str(error)[:300]}", hint="Look at LANCEDB_URI and its disk."
            ) from error

    @asynccontextmanager
    async def _table(self, index: Index) -> "AsyncGenerator[AsyncTable | None, None]":
        """Give the table of an index; None if it is gone: another one may have taken its place."""
        async with self._connected() as connection:
            try:
                table = await connection.open_table(_name(index))
            except ValueError:
                table = None
            yield table


@asynccontextmanager
async def _alone(index: Index) -> AsyncGenerator[None, None]:
    """Let one process at a time change an index.

    LanceDB lets two insert the same chunk, and refuses one that writes while another makes search indexes.
    """
    async with transaction() as session:
        await session.execute(text("SET LOCAL statement_timeout = 0"))
        await session.execute(
            text("SELECT pg_advisory_xact_lock(:space, :index)"), {"space": _LOCK, "index": index.id}
        )
        yield


async def _add_indexes(table: "AsyncTable") -> None:
    from lancedb.index import FTS, BTree

    words = FTS(  # the words are lexemes already: nothing is to be done to them
        with_position=False,
        base_tokenizer="whitespace",
        max_token_length=None,
        lower_case=False,
        stem=False,
        remove_stop_words=False,
        ascii_folding=False,
    )
    await table.create_index("words", config=words)
    await table.create_index("id", config=BTree())
    await table.create_index("document", config=BTree())


async def _tidy(table: "AsyncTable") -> None:
    """Compact a table, and index its vectors once there are many. Another process may be at it: no matter."""
    from lancedb.index import IvfPq

    try:
        await table.optimize(cleanup_older_than=_KEPT)
        is_indexed = any("vector" in each.columns for each in await table.list_indices())
        if not is_indexed and await table.count_rows() >= LanceDBSettings.load().index_from:
            await table.create_index("vector", config=IvfPq(distance_type="cosine"))
    except (OSError, RuntimeError) as error:
        log.warning("lancedb.not_compacted", reason=str(error)[:300])


async def _filter(table: "AsyncTable", where: Where) -> str | None:
    return conditions.to_sql(where, (await table.schema()).names)


def _ordered(found: list[Found], limit: int) -> list[Found]:
    return sorted(found, key=lambda each: (-each.score, each.key))[:limit]


def _name(index: Index) -> str:
    return f"documents_{index.id}"
