from app.core.registry import Feature

feature = Feature(
    name="rag",
    stage="rag",
    summary="Documents: read, cut into chunks, embedded, and found again.",
    requires=("db", "llm", "llm.embeddings", "parsing", "workflows"),
    extends={
        "core.settings": ["app.rag.settings:RagSettings"],
        "core.commands": ["app.rag.cli:cli", "app.rag.evaluation.cli:cli"],
        "core.checks": {"documents": "app.rag.indexes:check_store"},
        "agents.toolsets": ["app.rag.tools:open_document_tools"],
        "llm.answerers": {"documents": "app.rag.chat:answer"},
        "mcp.server.resources": ["app.rag.resources:library"],
        "mcp.server.tools": ["app.rag.tools:search_documents"],
        "openai.models": {"documents": "app.rag.chat:answer"},
        "systems.multi_agent.libraries": {"documents": "app.rag.library:library"},
        "workflows.workflows": {
            "ingest_document": "app.rag.workflows:ingest_document",
            "ingest_parts": "app.rag.workflows:ingest_parts",
        },
    },
)
