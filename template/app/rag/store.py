"""What a vector store is to the rest: one small protocol, and what goes in and comes out.

A store is an index, and nothing else: it can be built again from the catalogue of documents and their text.
Each chunk is of one version of its document. A new version is written beside the old one, the catalogue
switches from one to the other, then the old one is deleted: so no query sees half of each.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, Protocol
from uuid import UUID

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Vector = NDArray[np.float32]

Value = str | float | bool
Operator = Literal["eq", "ne", "in", "lt", "lte", "gt", "gte"]


@dataclass(frozen=True)
class Index:
    """One index in a store: all its vectors come from one embedder."""

    id: int
    embedder: str
    dimension: int
    chunking: str = ""
    """How its chunks were cut."""


@dataclass(frozen=True)
class Origin:
    """The document that chunks come from, with what one may filter by."""

    document: UUID
    version: int
    owner: str
    source: str
    format: str
    language: str
    """A name of PostgreSQL's text search, such as `english`; `simple` if none fits."""
    fields: Mapping[str, Value] = field(default_factory=dict)
    """The owner's own."""


@dataclass(frozen=True)
class Chunk:
    """A piece of a document: what is found."""

    position: int
    """From 0, in the order of the document."""
    text: str
    page: int | None = None
    headings: tuple[str, ...] = ()
    kind: str = "text"
    """`text` or `table`."""
    context: str = ""
    """What a model says about where in the document it stands; found by, but not shown as text."""

    @property
    def searched(self) -> str:
        """The text that is embedded and searched: with the headings above it."""
        return "\n".join(part for part in (" > ".join(self.headings), self.context, self.text) if part)


@dataclass(frozen=True)
class Condition:
    """One condition on a field; its name and the type of its value are checked."""

    field: str
    operator: Operator
    value: Value | tuple[Value, ...]


@dataclass(frozen=True)
class Where:
    """What chunks must fulfil to be found."""

    readers: tuple[str, ...] | None = None
    """Owners whose documents may be read; None: all."""
    conditions: tuple[Condition, ...] = ()


@dataclass(frozen=True)
class Found:
    """A chunk that a store has found."""

    document: UUID
    version: int
    chunk: Chunk
    score: float
    """The higher, the better; what it means depends on the search."""
    scores: Mapping[str, float] = field(default_factory=dict)
    """Of each search that has found it: `dense` is the cosine, `keyword` the BM25."""
    found_by: tuple[str, ...] = ()
    """Which steps have brought it in."""

    @property
    def key(self) -> tuple[UUID, int, int]:
        """What is unique in an index; ties are broken by it."""
        return self.document, self.version, self.chunk.position


@dataclass(frozen=True)
class Weights:
    """How much each ranking counts when they are fused (RRF, Cormack et al. 2009)."""

    dense: float = 1.0
    keyword: float = 1.0


class VectorStore(Protocol):
    """An index of chunks. What cannot be reached raises `StoreUnavailable`."""

    async def create(self, index: Index) -> None:
        """Make an index, if it is not there."""

    async def drop(self, index: Index) -> None:
        """Delete an index with all that is in it."""

    async def write(self, index: Index, origin: Origin, chunks: Sequence[Chunk], vectors: "Vector") -> None:
        """Add chunks of a document, with a vector each. Those that are there already stay as they are."""

    async def delete(self, index: Index, document: UUID, *, keep: int | None = None) -> None:
        """Delete a document's chunks; those of the version `keep` stay."""

    async def dense(self, index: Index, vector: "Vector", where: Where, limit: int) -> list[Found]:
        """Return the chunks whose vectors are nearest, by cosine."""

    async def keyword(self, index: Index, query: str, where: Where, limit: int) -> list[Found]:
        """Return the chunks that have the words of the query, of the whole corpus, by BM25."""

    async def hybrid(
        self, index: Index, query: str, vector: "Vector", where: Where, limit: int, weights: Weights
    ) -> list[Found]:
        """Return the best of both rankings, fused."""

    async def neighbours(self, index: Index, of: Sequence[Found], reach: int) -> list[Found]:
        """Return the chunks up to `reach` places before and after these, and these."""

    async def vectors(self, index: Index, of: Sequence[Found]) -> "Vector":
        """Return the vectors of chunks, one row each."""

    async def count(self, index: Index) -> int:
        """Return how many chunks there are."""

    async def health(self) -> str:
        """Return what answers, such as its version."""
