from app.core.registry import Feature

feature = Feature(
    name="rag.http",
    stage="rag",
    summary="Documents, search and answers over HTTP; each document is indexed by a run.",
    requires=("api", "llm", "rag", "runs"),
    extends={
        "api.routes": ["app.rag.http.endpoints:router"],
        "rag.starters": {"runs": "app.rag.http.starting:start"},
    },
)
