"""What can be stored: text and numbers that PostgreSQL cannot hold.

What callers send is refused with the reason (`storable`). What models, tools and workflows produce is cleaned
where it is written (`cleaned`): it cannot be corrected there, and a run must not fail because of it.
"""

import json
import math
import re
from collections.abc import Callable
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


_UNSTORABLE = re.compile("[\0\ud800-\udfff]")
REPLACEMENT = "\N{REPLACEMENT CHARACTER}"


def cleaned_text(text: str) -> str:
    """Return `text` with U+FFFD in the place of NUL characters and lone surrogates."""
    return _UNSTORABLE.sub(REPLACEMENT, text)


def cleaned(value: Any) -> Any:
    """Return a copy of JSON data as JSONB takes it: cleaned text, and null for NaN and infinity."""
    if isinstance(value, str):
        return cleaned_text(value)
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, dict):
        return {cleaned(key): cleaned(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [cleaned(item) for item in value]
    return value


def with_texts(value: Any, change: Callable[[str], str]) -> Any:
    """Return a copy of JSON data with every text in it changed; keys stay."""
    if isinstance(value, str):
        return change(value)
    if isinstance(value, dict):
        return {key: with_texts(item, change) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [with_texts(item, change) for item in value]
    return value


def in_json(text: str, change: Callable[[str], str]) -> str:
    """Return a JSON document, as text, with every text in it changed; what is no JSON as a text."""
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        return change(text)
    changed = with_texts(document, change)
    return text if changed == document else json.dumps(changed, ensure_ascii=False)


Text = Annotated[str, AfterValidator(storable)]
"""A string without NUL characters and lone surrogates."""
