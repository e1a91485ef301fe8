"""What the offline model writes: little sense, but the right form, and mistakes that the loop has to find."""

import json
import re
from itertools import count, islice
from typing import Any

from app.llm import Answer, Question
from app.systems.content_generation.schemas import Critique, Draft, Outline, Part
from app.systems.content_generation.style import count_words

_HEADINGS = ("What it is", "Why it matters", "How to begin")
_WHEN = (
    "At first",
    "In practice",
    "With time",
    "In a small team",
    "In a large team",
    "Under pressure",
    "On a quiet day",
    "Seen from outside",
    "After a year",
    "For a beginner",
    "For an expert",
    "In the end",
)
_CLAIMS = (
    "it is good to know what it is for",
    "a small example helps more than a long explanation",
    "what works in one place need not work in another",
    "those who try it learn quickly where its limits are",
    "the second attempt is better than the first",
    "it pays to write down what was decided",
    "nobody needs to understand all of it",
    "a question costs less than a mistake",
    "looking closely takes less time than guessing",
    "the simple way is the one that lasts",
    "others have met the same difficulty",
    "a number says more than an opinion",
)


def answer(question: Question) -> Answer:
    """Play the planner, the writer, the critic or the reviser."""
    match (question.prompt_name or "").rpartition(".")[2]:
        case "outline":
            return _outline(_read("brief", question.prompt))
        case "section":
            return _section(_read("task", question.prompt), _read("brief", question.prompt))
        case "critique":
            return _critique(_text("draft", question.prompt))
        case "revise":
            return _revised(_text("draft", question.prompt), _read("brief", question.prompt))
    return None


def _text(name: str, prompt: str) -> str:
    found = re.search(rf"<{name}>\n(.*?)\n</{name}>", prompt, re.DOTALL)
    return found[1] if found else ""


def _read(name: str, prompt: str) -> dict[str, Any]:
    read: dict[str, Any] = json.loads(_text(name, prompt))
    return read


def _topic(brief: dict[str, Any]) -> str:
    return " ".join(str(brief["topic"]).split()[:8])


def _outline(brief: dict[str, Any]) -> Outline:
    parts = [Part(heading=name, points=[f"{name}: {_topic(brief)}"]) for name in _HEADINGS]
    return Outline(title=_topic(brief)[:150], parts=parts)


def _section(task: dict[str, Any], brief: dict[str, Any]) -> str:
    heading = task["heading"]
    number = _HEADINGS.index(heading) if heading in _HEADINGS else 0
    sentences = [f"{heading} is what this part on {_topic(brief)} says."]
    for n in count(number * len(_WHEN) * len(_CLAIMS) // len(_HEADINGS)):
        if count_words(" ".join(sentences)) >= task["words"]:
            break
        sentences.append(f"{_WHEN[n % len(_WHEN)]}, {_CLAIMS[(n + n // len(_WHEN)) % len(_CLAIMS)]}.")
    return " ".join(sentences)


def _critique(draft: str) -> Critique:
    if "In short" in draft:
        return Critique(good_enough=True, remarks=[])
    return Critique(good_enough=False, remarks=["End with a sentence that sums it up."])


def _revised(draft: str, brief: dict[str, Any]) -> Draft:
    title, *sections = draft.split("\n\n## ")
    room = round(brief["words"] * 0.9 / max(1, len(sections)))
    parts = []
    for section in sections:
        heading, _, text = section.partition("\n\n")
        parts.append(f"## {heading}\n\n{' '.join(islice(text.split(), room))}")
    mentioned = " and ".join(brief["must_mention"])
    end = f"In short, it is about {mentioned}." if mentioned else "In short, try it."
    return Draft(markdown="\n\n".join([title, *parts, end]))
