"""Contextual retrieval (Anthropic, 2024): a model writes in a sentence where a chunk stands.

"The fee is 40 euros" is found by nobody who asks for the price of a passport; with "From the price list of
the passport office, 2026" it is. The document comes first in the prompt and is the same for all its chunks,
so that providers that cache prompts charge its tokens once.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

from app.llm import as_data, complete, load_prompt
from app.rag.splitting import count_tokens
from app.rag.store import Chunk

SHOWN = 60_000
"""Characters of a document that the model is shown."""
_LONGEST = 600
_AT_ONCE = 4
ANSWER_TOKENS = 60
"""Of a context, about: for estimates."""


async def contextualise(document: str, chunks: Sequence[Chunk]) -> tuple[list[Chunk], int, Decimal | None]:
    """Return the chunks with contexts, and tokens and US dollars spent. Raises a subclass of `LLMError`."""
    instructions = load_prompt("rag.context").render()
    beginning = as_data("document", document[:SHOWN])
    free = asyncio.Semaphore(_AT_ONCE)

    async def one(chunk: Chunk) -> tuple[Chunk, int, Decimal | None]:
        if chunk.context:
            return chunk, 0, Decimal(0)
        async with free:
            reply = await complete(
                f"{beginning}\n\n{as_data('chunk', chunk.text)}", instructions=instructions
            )
        context = " ".join(reply.output.split())[:_LONGEST]
        return replace(chunk, context=context), reply.input_tokens + reply.output_tokens, reply.cost

    tasks = [asyncio.create_task(one(chunk)) for chunk in chunks]
    try:
        done = await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
    costs = [cost for _, _, cost in done]
    known = None if None in costs else sum((cost for cost in costs if cost is not None), Decimal(0))
    return [chunk for chunk, _, _ in done], sum(tokens for _, tokens, _ in done), known


def estimate(document: str, chunks: Sequence[Chunk]) -> tuple[int, int]:
    """Return the tokens in and out that contexts would take, if nothing is cached."""
    shown = count_tokens(document[:SHOWN])
    return sum(shown + count_tokens(chunk.text) for chunk in chunks), ANSWER_TOKENS * len(chunks)
