"""What the offline model says in the team: it splits at "and", and quotes what has the words of its task."""

import json
import re

from app.llm import Answer, Question, Use
from app.systems.multi_agent.schemas import Claim, Findings, Plan, Review, Written

_COMMON = re.compile(r"\b(are|can|does|first|for|has|have|how|say|should|the|what|when|who)\b")


def answer(question: Question) -> Answer:
    """Play the planner, a worker, the critic or the writer."""
    match (question.prompt_name or "").rpartition(".")[2]:
        case "plan":
            parts = re.split(r"\band\b|[?;]", _text("question", question.prompt))
            return Plan(tasks=[part.strip(" ,.") for part in parts if len(part.strip()) > 2][:8] or ["?"])
        case "research":
            return _research(question)
        case "review":
            return Review(gaps=[], contradictions=[])
        case "write":
            claims = re.findall(
                r"^\[(\d+)\] (.+?) \(quotation: ", _text("claims", question.prompt), re.MULTILINE
            )
            return Written(text=" ".join(f"{text.rstrip('.')} [{number}]." for number, text in claims))
    return None


def _text(name: str, prompt: str) -> str:
    found = re.search(rf"<{name}>\n(.*?)\n</{name}>", prompt, re.DOTALL)
    return found[1] if found else ""


def _research(question: Question) -> Answer:
    task = _text("task", question.prompt)
    if not question.results:
        return Use("search_sources", {"query": task})
    hits = json.loads(question.results[0])
    read = question.results[1:]
    if len(read) < min(2, len(hits)):
        return Use("read_source", {"name": hits[len(read)]["source"]})
    wanted = _words(_COMMON.sub(" ", task.casefold()))
    found = [_best(text, wanted) for text in read]
    return Findings(
        claims=[
            Claim(text=sentence, source=hit["source"], quote=sentence)
            for hit, sentence in zip(hits, found, strict=False)
            if sentence
        ]
    )


def _best(text: str, wanted: set[str]) -> str | None:
    """Return the sentence that has the most of the words; None if it has hardly any."""
    sentences = re.split(r"(?<=[.!?])\s+", re.sub(r"^#.*$", "", text, flags=re.MULTILINE).strip())

    def fits(sentence: str) -> int:
        return len(wanted & _words(sentence))

    best = max(sentences, key=fits)
    return " ".join(best.split()) if fits(best) >= min(2, len(wanted)) else None


def _words(text: str) -> set[str]:
    return {word[:7] for word in re.findall(r"[a-z]{3,}", text.casefold())}
