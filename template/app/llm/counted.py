"""A model whose requests are counted before they are made.

pydantic-ai counts them when they are done: several at the same time would all find room for one.
"""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

from pydantic_ai.messages import ModelResponse
from pydantic_ai.models import Model, StreamedResponse
from pydantic_ai.models.wrapper import WrapperModel

from app.llm.budget import Budget


class Counted(WrapperModel):
    """Lets through as many requests as a budget allows."""

    def __init__(self, wrapped: Model, budget: Budget) -> None:
        super().__init__(wrapped)
        self._budget = budget

    async def request(self, *args: Any, **options: Any) -> ModelResponse:
        """Make a request. Raises `BudgetExceeded` instead if there is no room for it."""
        self._budget.begin_request()
        try:
            return await super().request(*args, **options)
        except BaseException:
            self._budget.undo_request()
            raise

    @asynccontextmanager
    async def request_stream(self, *args: Any, **options: Any) -> AsyncGenerator[StreamedResponse, None]:
        """The same for an answer in pieces: it counts once it has begun."""
        self._budget.begin_request()
        begun = False
        try:
            async with super().request_stream(*args, **options) as streamed:
                begun = True
                yield streamed
        except BaseException:
            if not begun:
                self._budget.undo_request()
            raise
