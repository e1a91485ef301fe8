"""Texts as vectors, by any provider or without one: `embed`. See README.md."""

from typing import TYPE_CHECKING

from app.core.lazy import lazy_exports

if TYPE_CHECKING:
    from app.llm.embeddings.embedding import Embedded, Kind, default_embedder, embed
    from app.llm.embeddings.local import LOCAL, embed_locally, load_tokenizer
    from app.llm.embeddings.providers import check_embedder

__all__ = [
    "LOCAL",
    "Embedded",
    "Kind",
    "check_embedder",
    "default_embedder",
    "embed",
    "embed_locally",
    "load_tokenizer",
]

__getattr__ = lazy_exports(
    __name__,
    embedding=("Embedded", "Kind", "default_embedder", "embed"),
    local=("LOCAL", "embed_locally", "load_tokenizer"),
    providers=("check_embedder",),
)
