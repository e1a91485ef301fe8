"""`/v1/usage`."""

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Query

from app.api import Principal, declare_scope, problem_responses, require
from app.usage.budgets import Account, budgets_of
from app.usage.columns import DEFAULT, Column
from app.usage.reports import report
from app.usage.schemas import Usage

router = APIRouter(prefix="/v1/usage", tags=["usage"])

READ = require("usage:read")
declare_scope("usage:read:all")


@router.get("", response_model_exclude_none=True, responses=problem_responses(401, 403, 422, 503))
async def get_usage(
    caller: Annotated[Principal, READ],
    since: Annotated[date | None, Query(description="The first day. Not given: thirty days in all.")] = None,
    until: Annotated[date | None, Query(description="The last day. Not given: today (UTC).")] = None,
    by: Annotated[
        list[Column] | None, Query(description="For which it is added up. Not given: day and model.")
    ] = None,
) -> Usage:
    """Return what models have taken for your key, and its budgets; with `usage:read:all` for all keys."""
    return await report(
        since,
        until,
        by or DEFAULT,
        caller=None if caller.may("usage:read:all") else caller.id,
        budgets=budgets_of(Account(caller.id, "")),
    )
