"""What the offline model says to this feature's prompts."""

import re

from app.llm import Question


def answer(question: Question) -> str | None:
    """Summarise as the crudest of models would: with the first words of the text."""
    limit = re.search(r"at most (\d+) words", question.instructions or "")
    if question.prompt_name != "summaries.echo_summary" or limit is None:
        return None
    return " ".join(question.prompt.split()[: int(limit[1])])
