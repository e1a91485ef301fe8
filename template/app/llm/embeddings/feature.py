from app.core.registry import Feature

feature = Feature(
    name="llm.embeddings",
    stage="rag",
    summary="Texts as vectors: by any provider, or small ones that need no network.",
    requires=("llm",),
    extends={"core.lifespans": ["app.llm.embeddings.providers:lifespan"]},
)
