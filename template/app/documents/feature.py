from app.core.registry import Feature

feature = Feature(
    name="documents",
    stage="design",
    summary="Which documents were accepted before, in the database.",
    requires=("db",),
    extends={
        "systems.document_processing.accepted": ["app.documents.repository:remember"],
    },
)
