"""Documents, and what can be found in them. See README.md."""

from typing import TYPE_CHECKING

from app.core.lazy import lazy_exports

if TYPE_CHECKING:
    from app.rag.access import current_owners, current_readers
    from app.rag.answers import Answered, Source, last_answer, stream_answer
    from app.rag.errors import StoreUnavailable
    from app.rag.filters import day_number, parse_filter
    from app.rag.indexes import get_store, index_to_search
    from app.rag.languages import LANGUAGES
    from app.rag.models import EVERYONE, RagDocument, State
    from app.rag.pipeline import add_document, ingest, reindex, remove_document, resume
    from app.rag.repository import Listed, get_document, list_documents
    from app.rag.retrieval import Hit, search
    from app.rag.schemas import DocumentView, HitView
    from app.rag.settings import BUILT_IN_FIELDS, FieldType, RagSettings
    from app.rag.store import Chunk, Condition, Found, Index, Origin, VectorStore, Weights, Where
    from app.rag.strategies.fusion import search_both
    from app.rag.urls import download
    from app.rag.words import keyword_text
    from app.rag.workflows import start_ingest

__all__ = [
    "BUILT_IN_FIELDS",
    "EVERYONE",
    "LANGUAGES",
    "Answered",
    "Chunk",
    "Condition",
    "DocumentView",
    "FieldType",
    "Found",
    "Hit",
    "HitView",
    "Index",
    "Listed",
    "Origin",
    "RagDocument",
    "RagSettings",
    "Source",
    "State",
    "StoreUnavailable",
    "VectorStore",
    "Weights",
    "Where",
    "add_document",
    "current_owners",
    "current_readers",
    "day_number",
    "download",
    "get_document",
    "get_store",
    "index_to_search",
    "ingest",
    "keyword_text",
    "last_answer",
    "list_documents",
    "parse_filter",
    "reindex",
    "remove_document",
    "resume",
    "search",
    "search_both",
    "start_ingest",
    "stream_answer",
]

__getattr__ = lazy_exports(
    __name__,
    access=("current_owners", "current_readers"),
    answers=("Answered", "Source", "last_answer", "stream_answer"),
    errors=("StoreUnavailable",),
    filters=("day_number", "parse_filter"),
    indexes=("get_store", "index_to_search"),
    languages=("LANGUAGES",),
    models=("EVERYONE", "RagDocument", "State"),
    pipeline=("add_document", "ingest", "reindex", "remove_document", "resume"),
    repository=("Listed", "get_document", "list_documents"),
    retrieval=("Hit", "search"),
    schemas=("DocumentView", "HitView"),
    settings=("BUILT_IN_FIELDS", "FieldType", "RagSettings"),
    store=("Chunk", "Condition", "Found", "Index", "Origin", "VectorStore", "Weights", "Where"),
    urls=("download",),
    words=("keyword_text",),
    workflows=("start_ingest",),
    **{"strategies.fusion": ("search_both",)},
)
