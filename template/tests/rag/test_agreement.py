"""Every vector store finds about as much on the shipped set: the same numbers hold for all of them."""

import pytest

from app.rag.evaluation.run import evaluate
from app.rag.evaluation.shipped import find_in_shipped, shipped_dataset

BOUND = 0.01
"""Two stores may differ by twice as much."""
EXPECTED = {"dense": 0.501, "keyword": 0.615, "hybrid": 0.629}
"""nDCG@10 on the half for testing, with the embeddings that need no key."""


@pytest.mark.timeout(300)
@pytest.mark.usefixtures("database")
async def test_the_stores_agree_on_the_shipped_set() -> None:
    find = await find_in_shipped(10)

    found = {
        profile: (await evaluate(shipped_dataset(), profile, find, k=10)).mean("ndcg") for profile in EXPECTED
    }

    assert found == pytest.approx(EXPECTED, abs=BOUND)
