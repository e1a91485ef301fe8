from app.core.registry import Feature

feature = Feature(
    name="systems.document_processing",
    stage="design",
    summary="Invoices and contracts in, checked data out; a person decides what is doubtful.",
    requires=("graphs", "llm", "parsing", "workflows"),
    extends={
        "core.settings": ["app.systems.document_processing.settings:DocumentSettings"],
        "workflows.workflows": {
            "document_processing": "app.systems.document_processing.workflow:document_processing",
        },
    },
)
