"""Keep secrets out of logs, error messages and stored results.

Two nets: values that the settings hold as secrets are replaced wherever they appear, and so is text
that looks like a credential or stands under a name that says it is one.
"""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

MASK = "[redacted]"

_known: set[str] = set()
_CREDENTIAL = re.compile(
    r"\b(?:sk|pk|rk|lf)-[\w-]{8,}"  # OpenAI, Anthropic, Langfuse, Stripe …
    r"|\bak_[0-9a-f]{12}_[\w-]{43}"  # ours
    r"|\bAKIA[0-9A-Z]{16}\b"  # AWS access key
    r"|\bAIza[\w-]{30,}"  # Google API key
    r"|\bgh[pousr]_\w{20,}"  # GitHub token
    r"|(?<![\w-])eyJ[\w-]{1,4096}\.eyJ[\w-]{1,8192}(?:\.[\w-]*)?"  # JSON web token
    r"|(?<=://)[^\s/:@]*:[^\s@/]+(?=@)"  # user:password in a URL
    r"|(?i:(?<=bearer )|(?<=basic ))[\w.~+/=-]{8,}"
)
_SECRET_NAME = re.compile(
    r"(?i)(?:^|[_-])(?:password|passwd|secret|token|(?:api|access|private)_?key|authorization|cookie|credentials?)$"
)


_SHORTEST = 8
"""Characters of the shortest secret: what is shorter is not looked at, and costs nothing."""


def register_secret(value: str) -> None:
    """Redact `value` from now on, wherever it appears. Short values are left: they match too much."""
    if len(value) >= _SHORTEST:
        _known.add(value)


def known_secrets() -> tuple[str, ...]:
    """Return the secrets that the settings hold."""
    return tuple(_known)


@lru_cache(maxsize=1024)
def is_secret_name(name: str) -> bool:
    """Whether what stands under this name is a secret, such as `API_KEY` or `Authorization`."""
    return bool(_SECRET_NAME.search(name))


def redact_text(text: str) -> str:
    """Return `text` with every known secret and everything that looks like one masked."""
    if len(text) < _SHORTEST:
        return text
    for secret in tuple(_known):  # another thread may add one meanwhile
        text = text.replace(secret, MASK)
    return _CREDENTIAL.sub(MASK, text)


def redact(value: Any) -> Any:
    """Return a copy of nested mappings, sequences and strings without their secrets."""
    if isinstance(value, str):
        return redact_text(value)
    if isinstance(value, Mapping):
        return {key: _redact_entry(key, item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [redact(item) for item in value]
    return value


def _redact_entry(key: object, item: Any) -> Any:
    if isinstance(key, str) and isinstance(item, str) and is_secret_name(key):
        return MASK
    return redact(item)
