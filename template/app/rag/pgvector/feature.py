from app.core.registry import Feature

feature = Feature(
    name="rag.pgvector",
    stage="rag",
    summary="The vectors in PostgreSQL: the nearest ones (HNSW), fused with keywords in one statement.",
    requires=("db", "rag", "rag.keywords"),
    extends={"rag.stores": {"pgvector": "app.rag.pgvector.adapter:PgVectorStore"}},
)
