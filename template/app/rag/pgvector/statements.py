"""The statements that see vectors."""

from app.rag.keywords import CHUNK, keyword_part, one_ranking

DENSE = """
nearest AS MATERIALIZED (
    SELECT document_id, version, position,
           1 - (embedding::halfvec({dimension}) <=> CAST(:vector AS halfvec({dimension}))) AS cosine
    FROM rag_vectors{join}
    WHERE index_id = {index}{where}
    ORDER BY (embedding::halfvec({dimension}) <=> CAST(:vector AS halfvec({dimension}))){exactly}
    LIMIT :many
), dense AS (
    SELECT *, row_number() OVER (ORDER BY cosine DESC, document_id, version, position) AS place FROM nearest
)"""

BOTH = """
WITH {dense}, {keyword}, fused AS (
    SELECT document_id, version, position, cosine, bm25,
           coalesce(CAST(:dense_weight AS float) / (60 + dense.place), 0)
           + coalesce(CAST(:keyword_weight AS float) / (60 + keyword.place), 0) AS score
    FROM dense FULL JOIN keyword USING (document_id, version, position)
    ORDER BY score DESC, document_id, version, position
    LIMIT :most
)
SELECT {chunk}, fused.score, fused.cosine, fused.bm25
FROM fused JOIN rag_chunks AS c USING (document_id, version, position)
WHERE c.index_id = {index}
ORDER BY fused.score DESC, c.document_id, c.version, c.position
"""

WRITE = """
INSERT INTO rag_vectors (index_id, document_id, version, position, embedding)
SELECT :index, :document, :version, position, vector::halfvec
FROM unnest(CAST(:positions AS integer[]), CAST(:vectors AS text[])) AS given(position, vector)
ON CONFLICT DO NOTHING
"""

DELETE = """
DELETE FROM rag_vectors
WHERE index_id = :index AND document_id = :document AND (CAST(:keep AS integer) IS NULL OR version <> :keep)
"""

VECTORS = """
SELECT embedding::text
FROM unnest(CAST(:documents AS uuid[]), CAST(:versions AS integer[]), CAST(:positions AS integer[]))
     WITH ORDINALITY AS wanted(document_id, version, position, place)
JOIN rag_vectors USING (document_id, version, position)
WHERE index_id = {index}
ORDER BY place
"""


def dense(index: int, dimension: int, where: str, *, exactly: bool = False) -> str:
    """Return the part that ranks by vectors, as `dense`: by the HNSW index, or exactly, without it."""
    join = " JOIN rag_chunks USING (index_id, document_id, version, position)" if where else ""
    return DENSE.format(
        index=index, dimension=dimension, join=join, where=where, exactly=" + 0" if exactly else ""
    )


def by_vector(index: int, dimension: int, where: str, *, exactly: bool = False) -> str:
    """Return the statement of dense search."""
    part = dense(index, dimension, where, exactly=exactly)
    return one_ranking(index, part, name="dense", score="cosine", dense="cosine")


def by_both(index: int, dimension: int, where: str, *, exactly: bool = False) -> str:
    """Return the statement of hybrid search."""
    return BOTH.format(
        dense=dense(index, dimension, where, exactly=exactly),
        keyword=keyword_part(index, where),
        index=index,
        chunk=CHUNK,
    )


def vectors(index: int) -> str:
    """Return the statement that gives vectors."""
    return VECTORS.format(index=index)
