"""Profiles: named combinations of the strategies of retrieval. Some are built in, RAG_PROFILES adds yours."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class Profile(BaseModel):
    """What is done with a question. Every step is off unless the profile switches it on."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    mode: Literal["hybrid", "dense", "keyword"] = "hybrid"
    """Which rankings: of vectors, of words, or both, fused."""
    dense_weight: float = Field(default=1.0, ge=0, le=100)
    """How much the ranking of vectors counts where both are fused."""
    keyword_weight: float = Field(default=1.0, ge=0, le=100)
    """How much the ranking of words counts."""


PROFILES = {
    "hybrid": Profile(),
    "dense": Profile(mode="dense"),
    "keyword": Profile(mode="keyword"),
}
