"""What stands around every request to a model: it may refuse the request, and learns what it has taken."""

from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import TypeAlias

BYTES_PER_TOKEN = 3
"""Of UTF-8, at least: English has four, and a character of Chinese, which has three, is a token."""


@dataclass(frozen=True)
class Taken:
    """What a request has taken."""

    input_tokens: int
    output_tokens: int
    cost: Decimal | None
    """US dollars; None: the price of the model is not known."""


@dataclass
class MeteredRequest:
    """A request to a model, or to an embedder."""

    model: str
    """`provider:name`."""
    count_bytes: Callable[[], int]
    """Returns how many bytes are sent, about. It may take a while: only who needs it asks."""
    max_output_tokens: int | None = None
    """None: as many as the model likes."""
    taken: Taken | None = None
    """Known at the end. None: it has failed, and took nothing."""

    @cached_property
    def input_tokens(self) -> int:
        """Tokens that are sent, rather too many than too few."""
        return self.count_bytes() // BYTES_PER_TOKEN + 1


Meter: TypeAlias = Callable[[MeteredRequest], AbstractAsyncContextManager[None]]
"""Something around every request: it raises an `LLMError` to refuse one."""


@asynccontextmanager
async def meter_request(request: MeteredRequest) -> AsyncGenerator[MeteredRequest, None]:
    """Let the meters of the features (`llm.meters`) stand around a request."""
    from app.llm.extensions import METERS

    async with AsyncExitStack() as stack:
        for meter in METERS.load().values():
            await stack.enter_async_context(meter(request))
        yield request


def price(model: str, tokens_in: int, tokens_out: int) -> Decimal | None:
    """Return US dollars; None if the price of a model (`provider:name`) is not known."""
    from genai_prices import Usage, calc_price

    provider, _, name = model.partition(":")
    if provider in {"local", "offline"}:
        return Decimal(0)
    usage = Usage(input_tokens=tokens_in, output_tokens=tokens_out)
    for provider_id in (provider, None):  # the price list has other names for some providers
        with suppress(LookupError):
            return calc_price(usage, model_ref=name, provider_id=provider_id).total_price
    return None
