"""Which options a model takes: what pydantic-ai would drop in silence is refused by name."""

from collections.abc import Mapping
from typing import Any

from pydantic_ai import ModelSettings

from app.llm import offline
from app.llm.errors import OptionNotSupported
from app.llm.providers import PROVIDERS, build_model, check_configured

_CHAT_COMPLETIONS_ONLY = {"stop_sequences", "seed", "presence_penalty", "frequency_penalty"}
_SAMPLING = {"temperature", "top_p", "presence_penalty", "frequency_penalty"}


def needs_chat_completions(options: ModelSettings) -> bool:
    """Whether a call has options that OpenAI's newer API, Responses, does not have."""
    return not _CHAT_COMPLETIONS_ONLY.isdisjoint(options)


def check_options(model: str, options: ModelSettings, *, images: bool = False) -> None:
    """Raise `OptionNotSupported` for an option that pydantic-ai would drop in silence, and for pictures
    that a model cannot see."""
    if model == offline.NAME:
        if images:
            raise OptionNotSupported(f"{model} cannot see pictures.")
        return
    check_configured(model)
    profile = build_model(model, needs_chat_completions(options)).profile
    if images and not profile.get("supports_image_input"):
        raise OptionNotSupported(f"{model} cannot see pictures.")
    lacking = PROVIDERS[model.partition(":")[0]].lacks & options.keys()
    if "thinking" in options and not (
        profile.get("supports_thinking") or profile.get("thinking_always_enabled")
    ):
        lacking |= {"thinking"}
    if _reasons(profile, options):
        lacking |= _SAMPLING & options.keys()
    if lacking:
        names = ", ".join("reasoning_effort" if name == "thinking" else name for name in sorted(lacking))
        raise OptionNotSupported(f"{model} does not take {names}.", hint="Leave it out.")


def _reasons(profile: Mapping[str, Any], options: ModelSettings) -> bool:
    """Whether a model of OpenAI reasons in this call: then it samples in its own way."""
    if not profile.get("openai_supports_reasoning"):
        return False
    wanted = options.get("thinking", profile.get("thinking_enabled_by_default", False))
    return wanted is not False or bool(profile.get("thinking_always_enabled"))
