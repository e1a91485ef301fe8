from app.core.registry import Feature

feature = Feature(
    name="rag.keywords",
    stage="rag",
    summary="The chunks in PostgreSQL, found by their words, ranked by BM25.",
    requires=("db", "rag"),
)
