"""What the offline model says about documents: it copies the sentence that has the most words of the
question."""

import re

from app.llm import Answer, Question
from app.rag.citations import NOT_FOUND

_COMMON = re.compile(
    r"\b(are|can|did|does|for|from|how|may|must|that|the|this|was|were|what|when|where|which|who|why|with)\b"
)


def answer(question: Question) -> Answer:
    """Answer from the passages, with citations; or say that it is not in them."""
    if question.prompt_name == "rag.answer":
        return _cited(question.prompt)
    return None


def _cited(prompt: str) -> str:
    asked = _words(_inside("question", prompt)[-1])
    best = max(_sentences(prompt), key=lambda each: len(asked & _words(each[1])), default=None)
    if best is None or len(asked & _words(best[1])) < min(2, len(asked)):
        return NOT_FOUND
    number, sentence = best
    return f'{sentence.rstrip(".")} [{number}: "{sentence}"].'


def _inside(name: str, prompt: str) -> list[str]:
    return re.findall(rf"<{name}>\n(.*?)\n</{name}>", prompt, re.DOTALL) or [""]


def _sentences(prompt: str) -> list[tuple[int, str]]:
    found = []
    for number, passage in enumerate(_inside("passage", prompt), 1):
        text = passage.partition("\n")[2]
        sentences = re.split(r"(?<=[.!?])\s+|\n+", text)
        found += [(number, " ".join(each.split())) for each in sentences if len(each) > 15]
    return found


def _words(text: str) -> set[str]:
    return {word[:6] for word in re.findall(r"[^\W_]{3,}", _COMMON.sub(" ", text.casefold()))}
