"""OpenAI's moderation endpoint (https://platform.openai.com/docs/guides/moderation), which costs nothing."""

from typing import Any

from httpx2 import AsyncClient, HTTPError
from pydantic import BaseModel, ValidationError

from app.guardrails.decisions import record, record_failure
from app.guardrails.errors import GuardFailed
from app.guardrails.settings import GuardrailSettings
from app.llm import LLMError, OpenAISettings

_MODEL = "omni-moderation-latest"
_SECONDS = 10.0
_URL = "https://api.openai.com/v1"


class _Result(BaseModel):
    flagged: bool
    categories: dict[str, bool | None]


class _Answer(BaseModel):
    results: list[_Result]


async def moderate(text: str, settings: GuardrailSettings, refused: type[LLMError]) -> None:
    """Raise an error if the endpoint flags a text; `GuardFailed` if it does not answer."""
    if settings.moderation == "off" or not text:
        return
    try:
        results = (await _ask(text)).results
    except (HTTPError, ValidationError, ValueError) as error:
        record_failure("moderation", error)
        if settings.fail_closed:
            raise GuardFailed("The moderation endpoint does not answer.", hint="Try again later.") from error
        return
    categories = sorted({name for result in results for name, is_so in result.categories.items() if is_so})
    if not any(result.flagged for result in results):
        return
    record("moderation", settings.moderation, kind=",".join(categories), found=text)
    if settings.moderation == "refuse":
        raise refused(f"The text was refused by moderation: {', '.join(categories)}.")


async def _ask(text: str) -> _Answer:
    openai = OpenAISettings.load()
    key = openai.api_key.get_secret_value() if openai.api_key else ""
    body: dict[str, Any] = {"model": _MODEL, "input": text}
    async with AsyncClient(timeout=_SECONDS) as client:
        answer = await client.post(
            f"{openai.base_url or _URL}/moderations", json=body, headers={"Authorization": f"Bearer {key}"}
        )
    answer.raise_for_status()
    return _Answer.model_validate_json(answer.content)
