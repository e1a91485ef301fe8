from app.core.registry import Feature

feature = Feature(
    name="rag.lancedb",
    stage="rag",
    summary="The chunks in LanceDB: files in a folder, without a server.",
    requires=("db", "rag", "rag.stemming"),
    extends={
        "core.settings": ["app.rag.lancedb.settings:LanceDBSettings"],
        "rag.stores": {"lancedb": "app.rag.lancedb.adapter:LanceDBStore"},
    },
)
