"""What a piece of a streamed answer costs: the first hundred against the hundred around the 10,000th.

    uv run --isolated --no-project --with-requirements benchmarks/streaming.txt python benchmarks/streaming.py

A local server speaks the provider's protocol and sends all pieces at once; `app.llm.stream` reads them.
Prints microseconds a piece and their ratio, the median of several answers in one process.
"""

import asyncio
import os
import platform
import statistics
import sys
import time
from itertools import pairwise
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT / "template"))

PIECES = 10_100
WINDOW = 100
ROUNDS = 5


async def seconds_of_each_piece() -> list[float]:
    from app.llm import TextDelta, stream

    begun = time.perf_counter()
    times = [time.perf_counter() async for event in stream("Hello") if isinstance(event, TextDelta)]
    return [later - earlier for earlier, later in pairwise([begun, *times])]


def main() -> None:
    from tests.llm.fake_provider import FakeProvider

    with FakeProvider() as provider:
        os.environ |= {
            "ENVIRONMENT": "test",
            "LLM_MODEL": "openai:gpt-4.1-mini",
            "OPENAI_API_KEY": "sk-12345678",
            "OPENAI_BASE_URL": f"{provider.url}/v1",
        }
        provider.answers.extend(["word " * PIECES] * ROUNDS)
        early, late = asyncio.run(_measure())
    print(f"Python {platform.python_version()}, {platform.machine()}, {os.cpu_count()} cores")
    print(f"pieces 10 to {10 + WINDOW}: {early * 1e6:.1f} microseconds each")
    print(f"pieces {PIECES - WINDOW} to {PIECES}: {late * 1e6:.1f} microseconds each")
    print(f"late : early = {late / early:.2f}")


async def _measure() -> tuple[float, float]:
    early, late = [], []
    for _ in range(ROUNDS):
        seconds = await seconds_of_each_piece()
        assert len(seconds) == PIECES
        early.append(statistics.fmean(seconds[10 : 10 + WINDOW]))
        late.append(statistics.fmean(seconds[-WINDOW:]))
    return statistics.median(early), statistics.median(late)


if __name__ == "__main__":
    main()
