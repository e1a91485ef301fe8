"""Several rankings become one."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from app.rag.store import Found, Index, VectorStore, Weights, Where

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

CONSTANT = 60
"""Of the paper: the larger, the less the first places count."""
_FUSED = 60
"""Of each ranking that is fused, at least so many."""


def fuse(rankings: Sequence[Sequence[Found]], weights: Sequence[float] | None = None) -> list[Found]:
    """Fuse rankings by their ranks (RRF, Cormack et al. 2009). Ties are broken by the key."""
    fused: dict[object, Found] = {}
    for ranking, weight in zip(rankings, weights or [1.0] * len(rankings), strict=True):
        for rank, each in enumerate(ranking, 1):
            before = fused.get(each.key)
            score = weight / (CONSTANT + rank) + (before.score if before else 0)
            fused[each.key] = replace(
                each,
                score=score,
                scores={**each.scores, **(before.scores if before else {})},
                found_by=tuple(dict.fromkeys((*(before.found_by if before else ()), *each.found_by))),
            )
    return sorted(fused.values(), key=lambda each: (-each.score, each.key))


async def search_both(
    store: VectorStore,
    index: Index,
    query: str,
    vector: "NDArray[np.float32]",
    where: Where,
    limit: int,
    weights: Weights,
) -> list[Found]:
    """Return the best of a store's two rankings: hybrid search where the store itself cannot fuse them."""
    many = max(limit, _FUSED)
    nearest, worded = await asyncio.gather(
        store.dense(index, vector, where, many), store.keyword(index, query, where, many)
    )
    return fuse([nearest, worded], [weights.dense, weights.keyword])[:limit]
