"""Which models clients may ask for."""

from app.chat.errors import UnknownModel
from app.chat.settings import ChatSettings
from app.llm import check_configured, default_model


def available_models() -> tuple[str, ...]:
    """Return `provider:name` of each model that clients may name, the default first."""
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
    for model in available_models():
        check_configured(model)
