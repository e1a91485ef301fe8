"""What the offline model says about documents: it copies the sentence that has the most words of the
question."""

import re
from collections.abc import Callable

from app.llm import Answer, Question
from app.rag.citations import NOT_FOUND
from app.rag.evaluation.drafting import Drafted
from app.rag.strategies.questions import Queries, Understood
from app.rag.strategies.reranking import Order

_COMMON = re.compile(
    r"\b(are|can|did|does|for|from|how|may|must|that|the|this|was|were|what|when|where|which|who|why|with)\b"
)


def answer(question: Question) -> Answer:
    """Answer from the passages, with citations; or say that it is not in them."""
    prompt = question.prompt
    asked = _inside("question", prompt)[-1]
    scripts: dict[str, Callable[[], Answer]] = {
        "rag.answer": lambda: _cited(prompt),
        "rag.context": lambda: _heading(_inside("document", prompt)[-1]),
        "rag.draft": lambda: _drafted(_inside("passage", prompt)[-1]),
        "rag.expand": lambda: Queries(
            queries=[" ".join(re.findall(r"[^\W_]{3,}", _COMMON.sub(" ", asked.casefold())))]
        ),
        "rag.hyde": lambda: asked,
        "rag.rerank": lambda: _order(prompt),
        "rag.self_query": lambda: _understood(asked),
    }
    script = scripts.get(question.prompt_name or "")
    return script() if script else None


def _heading(document: str) -> str:
    return (
        f"From: {document.strip().splitlines()[0].strip('# ')[:80]}"
        if document.strip()
        else "From a document"
    )


def _drafted(passage: str) -> Drafted:
    sentence = " ".join(max(re.split(r"(?<=[.!?])\s+|\n+", passage), key=len).split())
    return Drafted(question=f"What is said of {' '.join(sentence.split()[:8])}?", quote=sentence)


def _understood(asked: str) -> Understood:
    formats = re.findall(r"\b(pdf|docx|pptx|xlsx|html|markdown|csv|json)\b", asked, re.IGNORECASE)
    return Understood(query=asked, filter={"format": formats[0].lower()} if formats else {})


def _order(prompt: str) -> Order:
    asked = _words(_inside("question", prompt)[-1])
    passages = dict(enumerate(_inside("passage", prompt), 1))
    return Order(numbers=sorted(passages, key=lambda number: -len(asked & _words(passages[number]))))


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
