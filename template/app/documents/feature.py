from app.core.lazy import Lazy
from app.core.registry import Feature

feature = Feature(
    name="documents",
    stage="design",
    summary="Which documents were accepted before, in the database.",
    requires=("db",),
    offers={"accepted documents": Lazy("app.documents.repository:remember")},
)
