from app.core.registry import Feature

feature = Feature(
    name="rag.stemming",
    stage="rag",
    summary="The stems of words, by PostgreSQL, for stores that have no stemming of their own.",
    requires=("db", "rag"),
)
