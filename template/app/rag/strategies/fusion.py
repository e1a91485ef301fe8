"""Several rankings become one."""

from collections.abc import Sequence
from dataclasses import replace

from app.rag.store import Found

CONSTANT = 60
"""Of the paper: the larger, the less the first places count."""


def fuse(rankings: Sequence[Sequence[Found]]) -> list[Found]:
    """Fuse rankings by their ranks (RRF, Cormack et al. 2009). Ties are broken by the key."""
    fused: dict[object, Found] = {}
    for ranking in rankings:
        for rank, each in enumerate(ranking, 1):
            before = fused.get(each.key)
            score = 1 / (CONSTANT + rank) + (before.score if before else 0)
            fused[each.key] = replace(
                each,
                score=score,
                scores={**each.scores, **(before.scores if before else {})},
                found_by=tuple(dict.fromkeys((*(before.found_by if before else ()), *each.found_by))),
            )
    return sorted(fused.values(), key=lambda each: (-each.score, each.key))
