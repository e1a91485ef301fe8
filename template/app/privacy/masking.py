"""Replace personal data by placeholders, the same one for the same data, and put it back."""

import re
from collections import Counter

from app.privacy.finding import find_personal_data

_SEPARATORS = re.compile(r"\W")
_PLACEHOLDER = re.compile(r"\[(?:CARD|EMAIL|IBAN|ID|PHONE|VAT)_[1-9]\d*\]")


class Masks:
    """Which placeholder stands for what, such as `[EMAIL_1]`: of one conversation, or one trace."""

    def __init__(self) -> None:
        self._placeholders: dict[str, str] = {}
        self._originals: dict[str, str] = {}
        self._numbers: Counter[str] = Counter()

    def mask(self, text: str) -> str:
        """Return a text with placeholders for its personal data."""
        pieces, end = [], 0
        for finding in find_personal_data(text):
            pieces += [text[end : finding.start], self._placeholder(finding.kind, finding.text)]
            end = finding.end
        return "".join((*pieces, text[end:]))

    def restore(self, text: str) -> str:
        """Return a text with what its placeholders stand for; one of another conversation stays as it is."""
        return _PLACEHOLDER.sub(lambda found: self._originals.get(found[0], found[0]), text)

    def _placeholder(self, kind: str, original: str) -> str:
        plain = original if kind == "email" else _SEPARATORS.sub("", original)
        key = f"{kind}:{plain.casefold()}"
        if key not in self._placeholders:
            self._numbers[kind] += 1
            placeholder = f"[{kind.upper()}_{self._numbers[kind]}]"
            self._placeholders[key], self._originals[placeholder] = placeholder, original
        return self._placeholders[key]


def mask(text: str) -> str:
    """Return a text with placeholders for its personal data, which nobody can put back."""
    return Masks().mask(text)
