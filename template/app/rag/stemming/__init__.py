"""Words for stores that cannot stem: PostgreSQL does it, in the language of each document."""

from typing import TYPE_CHECKING

from app.core.lazy import lazy_exports

if TYPE_CHECKING:
    from app.rag.stemming.lexemes import stemmed, stemmed_question

__all__ = ["stemmed", "stemmed_question"]

__getattr__ = lazy_exports(__name__, lexemes=("stemmed", "stemmed_question"))
