"""What the offline model says as the assistant: it uses a tool where a real one would."""

import json
import re
from collections.abc import Sequence

from app.llm import Answer, Question, Use

_DATES = re.compile(r"(\d{4}-\d\d-\d\d)\D+(\d{4}-\d\d-\d\d)")
_ZONE = re.compile(r"\b[A-Z][a-z]+/[A-Z][A-Za-z_]+\b")
_NAME = re.compile(r"my name is (\w+)", re.IGNORECASE)
_SUM = re.compile(r"\(*\d[\d\s.+*/%()-]*[-+*/%][\d\s.+*/%()-]*\d\)*")


def answer(question: Question) -> Answer:
    """Answer from what a tool has said; else use a tool if one fits, or look into the conversation."""
    if question.results:
        return _from_result(question.results[-1])
    said = question.prompt
    if tool := _fitting_tool(said, question.tools):
        return tool
    if re.search(r"what is my name|who am i", said, re.IGNORECASE):
        names = [name[1] for earlier in question.earlier if (name := _NAME.search(earlier))]
        return f"Your name is {names[-1]}." if names else "You have not told me your name."
    return None


def _fitting_tool(said: str, tools: Sequence[str]) -> Use | None:
    if dates := _DATES.search(said):
        return Use("days_between", {"first": dates[1], "last": dates[2]})
    if "search_documents" in tools and re.search(r"\bdocuments?\b", said, re.IGNORECASE):
        return Use("search_documents", {"query": said})
    if re.search(r"\b(time|date|day|today)\b", said, re.IGNORECASE):
        zone = _ZONE.search(said)
        return Use("current_time", {"time_zone": zone[0] if zone else "UTC"})
    if found := _SUM.search(said):
        return Use("calculate", {"expression": found[0]})
    return None


def _from_result(result: str) -> str:
    """Say what a tool has found; of passages the best one with its source, as a model would cite it."""
    if not result.startswith("["):
        return f"The answer is {result}."
    passages = json.loads(result)
    if not passages:
        return "The documents say nothing about this."
    return f"{' '.join(passages[0]['text'].split())} ({passages[0]['source']})"
