"""What can be stored: text and numbers that PostgreSQL cannot hold are refused where they come in."""

import math
from typing import Annotated, Any

from pydantic import AfterValidator


def storable(value: Any) -> Any:
    """Return `value`. Raises `ValueError` if it holds, however deep, what JSONB does not take."""
    if isinstance(value, str):
        _check(value)
    elif isinstance(value, float) and not math.isfinite(value):
        raise ValueError("a number must not be NaN or infinite: JSON has no such numbers")
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
