from app.core.registry import Feature

feature = Feature(
    name="rag.weaviate",
    stage="rag",
    summary="The chunks in Weaviate, a server of its own.",
    requires=("rag", "rag.stemming"),
    extends={
        "core.lifespans": ["app.rag.weaviate.client:lifespan"],
        "core.settings": ["app.rag.weaviate.settings:WeaviateSettings"],
        "rag.stores": {"weaviate": "app.rag.weaviate.adapter:WeaviateStore"},
    },
)
