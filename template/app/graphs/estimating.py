"""What an evaluation will cost: it is run with the offline model, which costs nothing, and counted."""

import os
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from decimal import Decimal

from app.core.settings import Settings
from app.core.spans import Span, watched_by
from app.graphs.evals import Case, Labelled, evaluate_all
from app.llm import price

OFFLINE = "offline:demo"


class Watched:
    """A sink of spans that remembers what models were asked for."""

    def __init__(self) -> None:
        self.input_tokens = 0
        self.output_tokens = 0
        self.prompts: dict[str, int | None] = {}
        """The prompts that were used, with their versions."""

    def __call__(self, piece: Span) -> Callable[[], None] | None:
        return (lambda: self._add(piece)) if piece.name == "model_call" else None

    def _add(self, piece: Span) -> None:
        self.input_tokens += int(str(piece.fields.get("input_tokens") or 0))
        self.output_tokens += int(str(piece.fields.get("output_tokens") or 0))
        if prompt := piece.fields.get("prompt"):
            version = piece.fields.get("prompt_version")
            self.prompts[str(prompt)] = int(str(version)) if version else None


async def estimate_cost(labelled: Labelled, cases: Sequence[Case], model: str) -> Decimal | None:
    """Return about how many US dollars cases will cost with a model; None if its price is not known."""
    watched = Watched()
    with _offline(), watched_by(watched):
        async for _ in evaluate_all(labelled, cases, parallel=4):
            pass
    return price(model, watched.input_tokens, watched.output_tokens)


@contextmanager
def _offline() -> Generator[None, None, None]:
    before = os.environ.get("LLM_MODEL")
    choose_model(OFFLINE)
    try:
        yield
    finally:
        choose_model(before)


def choose_model(model: str | None) -> None:
    """Let a model be the default one of this process; None: as `.env` says."""
    if model is None:
        os.environ.pop("LLM_MODEL", None)
    else:
        os.environ["LLM_MODEL"] = model
    Settings.load.cache_clear()
