"""Which models clients may ask for: those of providers, and what features offer as one."""

from app.chat.errors import UnknownModel
from app.chat.settings import ChatSettings
from app.core.lazy import Lazy
from app.core.registry import load_features
from app.llm import Handler, check_configured, default_model


def available_models() -> tuple[str, ...]:
    """Return the name of each model that clients may ask for, the default first."""
    return (*_provider_models(), *own_models())


def own_models() -> dict[str, Lazy[Handler]]:
    """Return what features offer as a model, by name."""
    return {name: handler for feature in load_features() for name, handler in feature.chat_models.items()}


def _provider_models() -> tuple[str, ...]:
    return ChatSettings.load().models or (default_model(),)


def require_available(model: str) -> str:
    """Return the model. Raises `UnknownModel`."""
    if model not in available_models():
        raise UnknownModel(
            f"There is no model {model!r}.", hint=f"There is: {', '.join(available_models())}."
        )
    return model


def check_models() -> None:
    """Check that each of them can be used; calls none."""
    for model in _provider_models():
        check_configured(model)
