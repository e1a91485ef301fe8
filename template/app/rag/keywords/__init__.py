"""The chunks in PostgreSQL, found by their words (BM25). See README.md."""

from typing import TYPE_CHECKING

from app.core.lazy import lazy_exports

if TYPE_CHECKING:
    from app.rag.keywords.conditions import to_sql
    from app.rag.keywords.index import KeywordIndex, keys_of, to_found
    from app.rag.keywords.statements import CHUNK, keyword_part, one_ranking

__all__ = ["CHUNK", "KeywordIndex", "keys_of", "keyword_part", "one_ranking", "to_found", "to_sql"]

__getattr__ = lazy_exports(
    __name__,
    conditions=("to_sql",),
    index=("KeywordIndex", "keys_of", "to_found"),
    statements=("CHUNK", "keyword_part", "one_ranking"),
)
