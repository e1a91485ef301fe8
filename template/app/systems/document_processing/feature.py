from app.core.lazy import Lazy
from app.core.registry import Feature

feature = Feature(
    name="systems.document_processing",
    stage="design",
    summary="Invoices and contracts in, checked data out; a person decides what is doubtful.",
    requires=("llm", "workflows"),
    settings=(Lazy("app.systems.document_processing.settings:DocumentSettings"),),
    workflows={"document_processing": Lazy("app.systems.document_processing.workflow:document_processing")},
)
