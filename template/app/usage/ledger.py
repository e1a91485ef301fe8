"""The meter around every request to a model: it reserves before, and settles after.

It counts what is done for an HTTP request or for a run. Commands on this machine are left out: they work
without a database.
"""

import asyncio
from collections.abc import AsyncGenerator, Coroutine
from contextlib import asynccontextmanager
from decimal import Decimal

import structlog

from app.core.errors import ServiceUnavailable
from app.core.scope import current_scope
from app.llm import MeteredRequest, price
from app.usage import repository
from app.usage.budgets import Account, Used, budgets_of
from app.usage.errors import SpendingLimitReached
from app.usage.models import UsageReservation
from app.usage.settings import BudgetSettings

log = structlog.get_logger(__name__)

_settling: set[asyncio.Task[None]] = set()


@asynccontextmanager
async def keep_account(request: MeteredRequest) -> AsyncGenerator[None, None]:
    """Reserve what a request may cost, and enter what it has cost. Raises `SpendingLimitReached`."""
    scope = current_scope()
    if scope.request_id is None and scope.run_id is None:
        yield
        return
    account = Account(scope.caller or "", scope.workflow or "")
    reservation = await _reserve(account, request)
    try:
        yield
    finally:
        await _to_the_end(_settle(account, request, reservation))


async def _reserve(account: Account, request: MeteredRequest) -> UsageReservation | None:
    budgets = budgets_of(account)
    if not budgets:
        return None
    cost = _most(request)
    reservation, used = await repository.reserve(account, cost, budgets)
    if reservation is None:
        raise _refusal(used, cost)
    for each in used:
        _warn(each, cost)
    return reservation


def _most(request: MeteredRequest) -> Decimal:
    """Return what a request may cost at most; 0 if no price is known."""
    tokens = request.max_output_tokens
    if tokens is None:
        tokens = BudgetSettings.load().answer_tokens
    return price(request.model, request.input_tokens, tokens) or Decimal(0)


def _refusal(used: list[Used], cost: Decimal) -> SpendingLimitReached:
    """Return what to raise. What others have spent together is the log's business, not the caller's."""
    full = next(each for each in used if not each.has_room_for(cost))
    log.warning("budget.refused", budget=str(full.budget), limit=str(full.budget.limit), used=str(full.cost))
    more = "may spend no more on models today."
    details = {
        "total": f"This service {more}",
        "workflow": f"The workflow {full.budget.name} {more}",
        "key": f"This key may spend ${full.budget.limit} a day on models: ${full.spent:.4f} are spent today, "
        f"${full.reserved:.4f} reserved, and this request may cost ${cost:.4f}.",
    }
    return SpendingLimitReached(
        details[full.budget.kind],
        hint="The day begins at 00:00 UTC. Whoever runs this service can raise the limit: BUDGET_….",
    )


def _warn(used: Used, cost: Decimal) -> None:
    """Log the request with which a budget is nearly used up."""
    level = used.budget.limit * Decimal(str(BudgetSettings.load().warn_at))
    if used.cost < level <= used.cost + cost:
        budget = used.budget
        log.warning("budget.nearly_used", budget=str(budget), limit=str(budget.limit), used=str(used.cost))


async def _settle(account: Account, request: MeteredRequest, reservation: UsageReservation | None) -> None:
    """Enter what was taken. The answer is there: it does not fail because its cost cannot be written down."""
    if request.taken is None and reservation is None:
        return
    try:
        await repository.settle(account, request.model, request.taken, reservation)
    except ServiceUnavailable as error:
        log.error("usage.not_entered", model=request.model, taken=str(request.taken), reason=error.detail)


async def _to_the_end(work: Coroutine[None, None, None]) -> None:
    """Do work also if whoever waits for it leaves, such as the reader of a stream."""
    task = asyncio.create_task(work)
    _settling.add(task)
    task.add_done_callback(_settling.discard)
    await asyncio.shield(task)
