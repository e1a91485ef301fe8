"""Which models clients may ask for: those of providers, and what features offer as one."""

from app.core.errors import available
from app.llm import check_configured, default_model
from app.openai.errors import UnknownModel
from app.openai.extensions import MODELS
from app.openai.settings import ChatSettings


def available_models() -> tuple[str, ...]:
    """Return the name of each model that clients may ask for, the default first."""
    return (*_provider_models(), *MODELS.names())


def _provider_models() -> tuple[str, ...]:
    return ChatSettings.load().models or (default_model(),)


def require_available(model: str) -> str:
    """Return the model. Raises `UnknownModel`."""
    if model not in available_models():
        raise UnknownModel(f"There is no model {model!r}.", hint=available(available_models()))
    return model


def check_models() -> None:
    """Check that each of them can be used; calls none."""
    for model in _provider_models():
        check_configured(model)
