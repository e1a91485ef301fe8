from app.core.registry import Feature

feature = Feature(
    name="rag.pgvector",
    stage="rag",
    summary="The chunks in PostgreSQL: nearest vectors (HNSW), ranked words (BM25), both fused.",
    requires=("db", "rag"),
    extends={"rag.stores": {"pgvector": "app.rag.pgvector.adapter:PgVectorStore"}},
)
