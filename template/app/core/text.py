"""Text that can be stored: what PostgreSQL and UTF-8 cannot hold is refused where it comes in."""

from typing import Annotated, Any

from pydantic import AfterValidator


def storable(value: Any) -> Any:
    """Return `value`. Raises `ValueError` if text in it, however deep, is such that no database takes it."""
    if isinstance(value, str):
        _check(value)
    elif isinstance(value, dict):
        for key, item in value.items():
            storable(key)
            storable(item)
    elif isinstance(value, list):
        for item in value:
            storable(item)
    return value


def _check(text: str) -> None:
    if "\0" in text:
        raise ValueError("text must not hold the character NUL (U+0000)")
    try:
        text.encode()
    except UnicodeEncodeError:
        raise ValueError("text must not hold lone surrogates: it is not valid Unicode") from None


Text = Annotated[str, AfterValidator(storable)]
"""A string without NUL characters and lone surrogates."""
