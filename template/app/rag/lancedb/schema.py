"""The table of an index, and rows of it."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from app.rag import Chunk, Found, Origin

KEY = ["document", "version", "position"]
CHUNK = [*KEY, "text", "page", "headings", "kind", "context"]
"""The columns of a chunk."""

_TYPES = {bool: pa.bool_(), float: pa.float64(), str: pa.string()}


def of_index(dimension: int) -> pa.Schema:
    """Return the columns of a table, without those of own fields: they come with the documents."""
    return pa.schema(
        [
            pa.field("id", pa.string(), nullable=False),
            pa.field("document", pa.string()),
            pa.field("version", pa.int32()),
            pa.field("position", pa.int32()),
            pa.field("owner", pa.string()),
            pa.field("source", pa.string()),
            pa.field("format", pa.string()),
            pa.field("language", pa.string()),
            pa.field("kind", pa.string()),
            pa.field("page", pa.float64()),
            pa.field("headings", pa.list_(pa.string())),
            pa.field("text", pa.string()),
            pa.field("context", pa.string()),
            pa.field("words", pa.string()),
            pa.field("vector", pa.list_(pa.float32(), dimension)),
        ]
    )


def own_column(name: str, value: object) -> str:
    """Return the column of an own field. Its type is in its name: a field may get another one."""
    return f"own_{type(value).__name__}_{name}"


def own_columns(fields: Mapping[str, Any]) -> list[pa.Field]:
    """Return the columns that own fields need."""
    return [pa.field(own_column(name, value), _TYPES[type(value)]) for name, value in fields.items()]


def to_rows(
    schema: pa.Schema,
    origin: Origin,
    chunks: Sequence[Chunk],
    vectors: NDArray[np.float32],
    words: Sequence[str],
) -> pa.Table:
    """Return the rows of chunks."""
    shared = {
        "document": str(origin.document),
        "version": origin.version,
        "owner": origin.owner,
        "source": origin.source,
        "format": origin.format,
        "language": origin.language,
        **{own_column(name, value): value for name, value in origin.fields.items()},
    }
    rows = [
        {
            **shared,
            "id": to_id(origin.document, origin.version, chunk.position),
            "position": chunk.position,
            "kind": chunk.kind,
            "page": chunk.page,
            "headings": list(chunk.headings),
            "text": chunk.text,
            "context": chunk.context,
            "words": lexemes,
            "vector": vector,
        }
        for chunk, vector, lexemes in zip(chunks, vectors, words, strict=True)
    ]
    return pa.Table.from_pylist(rows, schema=schema)


def to_id(document: UUID, version: int, position: int) -> str:
    """Return the id of a chunk."""
    return f"{document}:{version}:{position}"


def to_found(row: Mapping[str, Any], **scores: float) -> Found:
    """Return the chunk of a row."""
    page = None if row["page"] is None else int(row["page"])
    chunk = Chunk(row["position"], row["text"], page, tuple(row["headings"]), row["kind"], row["context"])
    return Found(UUID(row["document"]), row["version"], chunk, next(iter(scores.values()), 0.0), scores)
