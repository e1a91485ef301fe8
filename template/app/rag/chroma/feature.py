from app.core.registry import Feature

feature = Feature(
    name="rag.chroma",
    stage="rag",
    summary="The vectors in Chroma, a server of its own.",
    requires=("db", "embedded", "rag", "rag.keywords"),
    extends={
        "core.lifespans": ["app.rag.chroma.client:lifespan"],
        "core.settings": ["app.rag.chroma.settings:ChromaSettings"],
        "core.variables": {"CHROMA_URL": "app.rag.chroma.server:provide_chroma_url"},
        "embedded.servers": {"CHROMA_URL": "app.rag.chroma.server:EmbeddedChroma"},
        "rag.stores": {"chroma": "app.rag.chroma.adapter:ChromaStore"},
    },
)
