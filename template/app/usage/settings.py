"""Settings of budgets (`BUDGET_…`): US dollars that may be spent on models from midnight to midnight UTC."""

from decimal import Decimal
from typing import Annotated

from pydantic import Field
from pydantic_settings import NoDecode, SettingsConfigDict

from app.core.settings import FromJson, Settings

Limit = Annotated[Decimal, Field(ge=0, le=10_000_000)]
ByName = Annotated[dict[str, Limit], NoDecode, FromJson]


class BudgetSettings(Settings):
    """What may be spent in a day. Without any of these everything is counted, and nothing is stopped."""

    model_config = SettingsConfigDict(env_prefix="BUDGET_")

    total: Limit | None = None
    """By all together."""

    per_key: Limit | None = None
    """By each key, and by each subject of a token."""

    per_workflow: Limit | None = None
    """By each workflow."""

    of_keys: ByName = Field({})
    """By keys that have another limit than the rest, as JSON: `{"key:3f2a…": 20}`. See `app keys list`."""

    of_workflows: ByName = Field({})
    """By workflows that have another limit than the rest, as JSON: `{"echo_summary": 0.5}`."""

    warn_at: float = Field(0.8, gt=0, le=1)
    """Part of a limit from which on the log warns."""

    answer_tokens: int = Field(2000, ge=1)
    """Tokens that are reserved for an answer whose length nobody limits (`LLM_MAX_OUTPUT_TOKENS`): a longer
    one may exceed the budget by its rest."""
