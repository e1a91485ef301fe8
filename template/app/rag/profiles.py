"""Profiles: named combinations of the strategies of retrieval. Some are built in, RAG_PROFILES adds yours."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from app.rag.store import Weights


class Profile(BaseModel):
    """What is done with a question.

    Every step beyond the rankings is off unless the profile switches it on.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    mode: Literal["hybrid", "dense", "keyword"] = "hybrid"
    """Which rankings: of vectors, of words, or both, fused."""
    dense_weight: float | None = Field(default=None, ge=0, le=100)
    """How much the ranking of vectors counts where both are fused. None: what was found best for the
    embedder."""
    keyword_weight: float | None = Field(default=None, ge=0, le=100)
    """How much the ranking of words counts."""
    self_query: bool = False
    """A model splits the question into what is looked for and a filter: "invoices of 2025" filters by the
    year."""
    expand: int = Field(default=0, ge=0, le=5)
    """A model asks the same in so many other words; all rankings are fused."""
    hyde: bool = False
    """The vector is that of an answer which a model makes up (HyDE, Gao et al. 2022): it is nearer to the
    right one."""
    rerank: Literal["none", "service", "model", "diverse"] = "none"
    """Who puts the candidates into another order: a server (`RAG_RERANK_URL`), a model, or MMR, which needs
    none."""
    candidates: int = Field(default=40, ge=1, le=200)
    """Passages that are put into another order."""
    min_relevance: float = Field(default=0.0, ge=0, le=1)
    """Passages below it are left out. It is the larger of the cosine and of the part of the question's words
    that the passage has: so it means the same in every mode."""
    neighbours: int = Field(default=0, ge=0, le=5)
    """Passages before and after each hit that come with it."""

    def weights(self, embedder: str) -> Weights:
        """Return the weights for an index of this embedder."""
        found = _WEIGHTS.get(embedder, Weights())
        return Weights(
            found.dense if self.dense_weight is None else self.dense_weight,
            found.keyword if self.keyword_weight is None else self.keyword_weight,
        )


_WEIGHTS = {"local:wordllama": Weights(dense=1, keyword=3)}
"""Found on the half of the shipped set that is for tuning (`app eval retrieval --part tune`): where
vectors are weak, equal weights are worse than words alone. For others both count the same: measure yours."""

PROFILES = {
    "hybrid": Profile(),
    "dense": Profile(mode="dense"),
    "keyword": Profile(mode="keyword"),
    "diverse": Profile(rerank="diverse"),
    "expanded": Profile(expand=3),
    "hyde": Profile(hyde=True),
    "filtered": Profile(self_query=True),
    "reranked": Profile(rerank="model"),
    "wide": Profile(neighbours=1),
}
