"""What the offline model says of e-mails: words decide, where a real model understands."""

import re

from app.llm import Answer, Question
from app.systems.automation.schemas import Classification, Reply

_WORDS = (
    ("refund", r"refund|money back"),
    ("cancel", r"cancel"),
    ("order_status", r"where is|when (will|does)|track|arriv"),
    ("bug", r"error|broken|does not work|doesn't work|crash"),
    ("question", r"\?"),
)


def answer(question: Question) -> Answer:
    """Classify an e-mail, or draft an answer."""
    if question.prompt_name == "systems.automation.classify":
        return _classification(question.prompt)
    if question.prompt_name == "systems.automation.reply":
        name = re.search(r'"name": "([^"]+)"', question.prompt)
        hello = f"Hello {name[1]}," if name else "Hello,"
        return Reply(
            text=f"{hello}\n\nthank you for your message. Somebody will look into it and write again."
        )
    return None


def _classification(text: str) -> Classification:
    found = [intent for intent, words in _WORDS if re.search(words, text, re.IGNORECASE)]
    return Classification.model_validate(
        {
            "intent": found[0] if found else "other",
            "is_urgent": bool(re.search(r"urgent|immediately|at once", text, re.IGNORECASE)),
            "confidence": 0.9 if found else 0.4,
        }
    )
