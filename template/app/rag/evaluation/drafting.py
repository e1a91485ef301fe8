"""Draft a dataset from your own documents, for a person to edit: a model asks, code checks what it quotes."""

import random
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel

from app.core.quotations import stands_in
from app.llm import LLMError, as_data, extract, load_prompt
from app.parsing import Section
from app.rag import repository
from app.rag.chunking import chunk
from app.rag.models import RagDocument, State
from app.rag.settings import RagSettings

_SHORTEST = 200
"""Characters: shorter passages answer little."""


class Drafted(BaseModel):
    """A question, and the words of the passage that answer it."""

    question: str
    quote: str


async def draft(many: int, *, seed: int = 1) -> list[dict[str, Any]]:
    """Return up to so many labelled questions."""
    chosen = random.Random(seed)
    documents = [each.document for each in await repository.list_documents(None, 10_000, None, State.indexed)]
    chosen.shuffle(documents)
    questions: list[dict[str, Any]] = []
    for number in range(2 * many):
        if not documents or len(questions) >= many:
            break
        document = documents[number % len(documents)]
        if drafted := await _draft(document, chosen):
            label = {"source": document.source, "quote": drafted.quote}
            questions.append({"question": drafted.question, "relevant": [label], "tags": ["drafted"]})
    return questions


def save(path: Path, questions: list[dict[str, Any]]) -> None:
    """Write a dataset."""
    text = yaml.safe_dump({"questions": questions}, allow_unicode=True, sort_keys=False, width=100)
    path.write_text(text, encoding="utf-8")


async def _draft(document: RagDocument, chosen: random.Random) -> Drafted | None:
    content = await repository.content_of(document.id)
    if content is None or content.sections is None:
        return None
    sections = [Section(t, page, tuple(above), kind) for t, page, above, kind in content.sections["sections"]]
    passages = [each.text for each in chunk(sections, RagSettings.load()) if len(each.text) >= _SHORTEST]
    if not passages:
        return None
    passage = chosen.choice(passages)
    instructions = load_prompt("rag.draft").render()
    try:
        drafted = (await extract(as_data("passage", passage), Drafted, instructions=instructions)).output
    except LLMError:
        return None
    return drafted if stands_in(drafted.quote, passage) else None
