"""What the offline model says as a judge: it looks at no more than whether there is an output."""

import re

from app.evals.judging import Choice, Score
from app.llm import Answer, Question

_MARKED = re.compile(r"<(output|first|second)>\n(.*?)\n</\1>", re.DOTALL)


def answer(question: Question) -> Answer:
    """Score an output that is there with 5, none with 1; of two prefer the one that is there."""
    texts = {name: text.strip() not in {"", "null", "{}"} for name, text in _MARKED.findall(question.prompt)}
    if question.prompt_name == "evals.prefer":
        better = {(True, False): "first", (False, True): "second"}
        chosen = better.get((texts.get("first", False), texts.get("second", False)), "same")
        return Choice.model_validate(
            {"reason": "The offline model only sees whether it is there.", "better": chosen}
        )
    is_there = texts.get("output", False)
    return Score(reason="The offline model only sees whether it is there.", score=5 if is_there else 1)
