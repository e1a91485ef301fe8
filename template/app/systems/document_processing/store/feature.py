from app.core.registry import Feature

feature = Feature(
    name="systems.document_processing.store",
    stage="design",
    summary="Which documents were accepted before, in the database.",
    requires=("db",),
    extends={
        "db.former_names": {
            "systems.document_processing.store": "app.systems.document_processing.store.models:FORMER_NAME",
        },
        "systems.document_processing.accepted": ["app.systems.document_processing.store.repository:remember"],
    },
)
