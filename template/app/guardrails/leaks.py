"""Guards of what an answer must not hold: secrets, the instructions word for word, others' personal data."""

import re
from collections import defaultdict
from collections.abc import Sequence

from app.core.redaction import known_secrets
from app.guardrails.decisions import record
from app.guardrails.errors import AnswerRefused
from app.guardrails.settings import Mask
from app.privacy import Finding, find_personal_data

REMOVED = "[removed]"
_MOST_HELD = 16_000
"""Characters that are held back at most."""

_CREDENTIAL = re.compile(
    r"\bsk-(?=[\w-]{0,200}?\d)[\w-]{20,200}"  # OpenAI, Anthropic, OpenRouter
    r"|\b[sr]k_live_\w{16,200}"  # Stripe
    r"|\b[ps]k-lf-[0-9a-f-]{30,60}"  # Langfuse
    r"|\bak_[0-9a-f]{12}_[\w-]{43}"  # ours
    r"|\bAKIA[0-9A-Z]{16}\b"  # AWS access key
    r"|\bAIza[\w-]{30,60}"  # Google API key
    r"|\bgh[pousr]_\w{20,200}|\bgithub_pat_\w{20,200}"  # GitHub token
    r"|\bxox[abprs]-[\w-]{10,200}"  # Slack
    r"|(?<![\w-])eyJ[\w-]{10,4096}\.eyJ[\w-]{1,8192}(?:\.[\w-]{0,4096})?"  # JSON web token
    r"|(?<=://)[^\s/:@]{0,200}:[^\s@/]{1,200}(?=@)"  # user:password in a URL
    r"|-----BEGIN [A-Z ]{0,30}PRIVATE KEY-----(?:(?!-----BEGIN).){0,8000}?"
    r"(?:-----END [A-Z ]{0,30}PRIVATE KEY-----|\Z)",
    re.DOTALL,
)
_KEY_ENDS = re.compile(r"-----END [A-Z ]{0,30}PRIVATE KEY-----")
_LAST_WORD = re.compile(r"\S*\Z")


class Secrets:
    """Masks secrets: those of the settings, and what looks like one."""

    def __init__(self, switch: Mask) -> None:
        self._switch = switch
        self._known = sorted(known_secrets(), key=len, reverse=True)

    def cut(self, text: str, at: int) -> int:
        """Hold back the last word, and a secret or a private key that has not ended."""
        start = min([_start_of_last_word(text), *(_start_of_begun(secret, text) for secret in self._known)])
        begun = text.rfind("-----BEGIN")
        if begun >= 0 and not _KEY_ENDS.search(text, begun):
            start = min(start, begun)
        at = _start_of_word(text, min(at, max(start, len(text) - _MOST_HELD)))
        found = [place.span() for place in _CREDENTIAL.finditer(text)]
        for secret in self._known:
            begin = text.find(secret, max(at - len(secret) + 1, 0), at + len(secret) - 1)
            found.append((begin, begin + len(secret)) if begin >= 0 else (at, at))
        return min([at, *(begin for begin, end in found if begin < at < end)])

    def clean(self, text: str) -> str:
        """Mask what is secret."""
        found = [secret for secret in self._known if secret in text]
        if not found and not _CREDENTIAL.search(text):
            return text
        record("secrets", self._switch, kind="setting" if found else "credential")
        if self._switch == "report":
            return text
        if self._switch == "refuse":
            raise AnswerRefused("The answer holds a secret, and is held back.")
        for secret in found:
            text = text.replace(secret, REMOVED)
        return _CREDENTIAL.sub(REMOVED, text)


def _start_of_begun(secret: str, text: str) -> int:
    """Return where the secret begins of which a text has only the beginning; the text's end if none does."""
    lengths = range(min(len(secret) - 1, len(text)), 0, -1)
    return len(text) - next((length for length in lengths if text.endswith(secret[:length])), 0)


def _start_of_word(text: str, at: int) -> int:
    """Return the beginning of the word that a place is in."""
    is_inside = 0 < at < len(text) and not text[at - 1].isspace() and not text[at].isspace()
    return _start_of_last_word(text[:at]) if is_inside else at


def _start_of_last_word(text: str) -> int:
    found = _LAST_WORD.search(text, max(len(text) - _MOST_HELD, 0))
    return found.start() if found else len(text)


_WORD = re.compile(r"\w+")
_SHORTEST_LEAK = 20
"""Words in the order of the instructions: fewer may be what an answer is told to say."""
_Chains = dict[int, tuple[int, int]]
"""Words of an answer that stand in the instructions in the same order: by the place of the last one there,
how many they are, and where in the answer the first one begins."""


class Instructions:
    """Masks the instructions where an answer repeats them: they do what a canary word does, without one."""

    def __init__(self, switch: Mask, instructions: str) -> None:
        self._switch = switch
        self._places: dict[str, list[int]] = defaultdict(list)
        for place, word in enumerate(_WORD.findall(instructions.casefold())):
            self._places[word].append(place)

    def cut(self, text: str, at: int) -> int:
        """Hold back the words that may become a leak."""
        end = _start_of_last_word(text)  # the word may go on
        leaks, chains = self._compare(text[:end])
        at = _start_of_word(text, min([at, end, *(start for _, start in chains.values())]))
        return min([at, *(start for start, leak_end in leaks if start < at < leak_end)])

    def clean(self, text: str) -> str:
        """Mask what is repeated."""
        leaks, _ = self._compare(text)
        if not leaks:
            return text
        record("instructions", self._switch, found=text[slice(*leaks[0])])
        if self._switch == "report":
            return text
        if self._switch == "refuse":
            raise AnswerRefused("The answer repeats its instructions, and is held back.")
        pieces, end = [], 0
        for start, leak_end in leaks:
            pieces += [text[end:start], REMOVED]
            end = leak_end
        return "".join((*pieces, text[end:]))

    def _compare(self, text: str) -> tuple[list[tuple[int, int]], _Chains]:
        """Return what is repeated, and the words at the end that may go on."""
        leaks: list[tuple[int, int]] = []
        chains: _Chains = {}
        for found in _WORD.finditer(text):
            places = self._places.get(found[0].casefold(), ())
            continued = {place: chains.get(place - 1, (0, found.start())) for place in places}
            chains = {place: (words + 1, start) for place, (words, start) in continued.items()}
            words, start = max(chains.values(), default=(0, 0), key=lambda chain: chain[0])
            if words < _SHORTEST_LEAK:
                continue
            if leaks and start <= leaks[-1][1]:
                leaks[-1] = (min(start, leaks[-1][0]), found.end())
            else:
                leaks.append((start, found.end()))
        return leaks, chains


_LONGEST_FINDING = 80
"""Characters of a number or an address with all its gaps."""
_WITHOUT_NUMBERS = re.compile(r"(?<!\S)[^\W\d]+[,.;:!?]?\s+(?=[^\W\d]+[,.;:!?]?\s)")
"""A word before another word: between the two, no number or address goes on."""


class PersonalData:
    """Masks personal data that the user has not written."""

    def __init__(self, switch: Mask, said: Sequence[str]) -> None:
        self._switch = switch
        self._known = {_plain(finding) for text in said for finding in find_personal_data(text)}

    def cut(self, text: str, at: int) -> int:
        """Hold back what may become the beginning of a number or an address."""
        until = min(at, max(len(text) - _LONGEST_FINDING, 0))
        between = [found.end() for found in _WITHOUT_NUMBERS.finditer(text) if found.end() <= until]
        return min(at, max([*between[-1:], len(text) - _MOST_HELD, 0]))

    def clean(self, text: str) -> str:
        """Mask it."""
        found = [each for each in find_personal_data(text) if _plain(each) not in self._known]
        if not found:
            return text
        kinds = ",".join(sorted({each.kind for each in found}))
        record("personal_data_in_answers", self._switch, kind=kinds)
        if self._switch == "report":
            return text
        if self._switch == "refuse":
            raise AnswerRefused("The answer holds personal data, and is held back.")
        pieces, end = [], 0
        for finding in found:
            pieces += [text[end : finding.start], f"[{finding.kind}]"]
            end = finding.end
        return "".join((*pieces, text[end:]))


def _plain(finding: Finding) -> str:
    return re.sub(r"\W", "", finding.text).casefold()
