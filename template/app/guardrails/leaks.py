"""Guards of what an answer must not hold: secrets, the instructions word for word, others' personal data."""

import re
from collections import deque
from collections.abc import Sequence
from functools import lru_cache
from itertools import islice

from app.core.redaction import known_secrets
from app.guardrails.decisions import record
from app.guardrails.errors import AnswerRefused
from app.guardrails.runs import Runs
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
    r"|-----BEGIN [A-Z ]{0,30}PRIVATE KEY(?: BLOCK)?-----(?:(?!-----BEGIN).){0,8000}?"
    r"(?:-----END [A-Z ]{0,30}PRIVATE KEY(?: BLOCK)?-----|\Z)",
    re.DOTALL,
)
_KEY_ENDS = re.compile(r"-----END [A-Z ]{0,30}PRIVATE KEY(?: BLOCK)?-----")
_WITHOUT_SPACES = r"\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af"
"""Characters of scripts that write words without spaces, or nearly."""
_LAST_WORD = re.compile(rf"[^\s{_WITHOUT_SPACES}\u3000-\u303f\uff00-\uffef]*\Z")
_MOST_WORDS = 50_000
"""Of the instructions that are compared."""


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
    start = _start_of_last_word(text[:at])
    goes_on = at < len(text) and _start_of_last_word(text[: at + 1]) <= start
    return start if goes_on else at


def _start_of_last_word(text: str) -> int:
    found = _LAST_WORD.search(text, max(len(text) - _MOST_HELD, 0))
    return found.start() if found else len(text)


_WORD = re.compile(rf"[{_WITHOUT_SPACES}]|[^\W{_WITHOUT_SPACES}]+")
_SHORTEST_LEAK = 20
"""Words in the order of the instructions (characters, where no spaces are written): fewer may be what an
answer is told to say."""


class Instructions:
    """Masks the instructions where an answer repeats them: they do what a canary word does, without one."""

    def __init__(self, switch: Mask, instructions: str) -> None:
        self._switch = switch
        self._runs = runs_of(instructions)
        self._matching = Matching(self._runs)
        self._seen = 0
        """Characters that are still here and were compared."""
        self._leaks: list[tuple[int, int]] = []

    def cut(self, text: str, at: int) -> int:
        """Hold back the words that may become a leak."""
        end = _start_of_last_word(text)  # the word may go on
        self._compare(text, end)
        begun = self._matching.start if self._matching.words else end
        at = _start_of_word(text, min(at, max(begun, len(text) - _MOST_HELD)))
        return min([at, *(start for start, leak_end in self._leaks if start < at < leak_end)])

    def clean(self, text: str) -> str:
        """Mask what is repeated."""
        whole = Matching(self._runs)
        leaks = whole.leaks_in(text, 0, len(text))
        self._leave(len(text))
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

    def _compare(self, text: str, end: int) -> None:
        if end > self._seen:
            self._leaks = _merged([*self._leaks, *self._matching.leaks_in(text, self._seen, end)])
            self._seen = end

    def _leave(self, length: int) -> None:
        """Forget what has left."""
        self._seen = max(0, self._seen - length)
        self._matching.move(length)
        self._leaks = [(start - length, end - length) for start, end in self._leaks if start >= length]


class Matching:
    """The longest run of words at the end of a text that stands in the instructions too."""

    def __init__(self, runs: Runs) -> None:
        self._runs = runs
        self._state = 0
        self._starts: deque[int] = deque()
        """Where each word of the run begins."""

    @property
    def words(self) -> int:
        """How many words it has."""
        return len(self._starts)

    @property
    def start(self) -> int:
        """Where it begins."""
        return self._starts[0]

    def move(self, length: int) -> None:
        """Follow a text whose beginning has left."""
        self._starts = deque(start - length for start in self._starts if start >= length)

    def leaks_in(self, text: str, begin: int, end: int) -> list[tuple[int, int]]:
        """Go on with a part of the text; return the runs in it that are too long."""
        leaks: list[tuple[int, int]] = []
        for found in _WORD.finditer(text, begin, end):
            self._state, words = self._runs.next(self._state, len(self._starts), found[0].casefold())
            self._starts.append(found.start())
            while len(self._starts) > words:
                self._starts.popleft()
            if words >= _SHORTEST_LEAK:
                leaks.append((self.start, found.end()))
        return _merged(leaks)


def _merged(spans: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return spans in their order, those that touch as one."""
    merged: list[tuple[int, int]] = []
    for start, end in spans:
        if merged and start <= merged[-1][1]:
            merged[-1] = (min(start, merged[-1][0]), max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


@lru_cache(maxsize=64)
def runs_of(instructions: str) -> Runs:
    """Return the runs of words of some instructions."""
    return Runs(found[0].casefold() for found in islice(_WORD.finditer(instructions), _MOST_WORDS))


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
