"""The research team as a model of the OpenAI-compatible endpoint: a question goes in, a report comes out."""

from app.graphs import as_chat_model
from app.systems.multi_agent.schemas import Report, ResearchQuestion, Source
from app.systems.multi_agent.workflow import multi_agent


def read(text: str) -> ResearchQuestion:
    """Return the question that somebody has typed."""
    return ResearchQuestion(question=text)


def write(report: Report) -> str:
    """Return the report as text; below it its sources, and all that a reader should know of it."""
    sources = [f'[{each.number}] {_place(each)}: "{each.quote}"' for each in report.sources]
    parts = [
        ("", sources),
        ("Open questions", report.open_questions),
        ("Contradictions", report.contradictions),
        ("Not confirmed", report.dropped_claims),
        ("Problems", report.problems),
    ]
    lines = [report.answer]
    for title, entries in parts:
        if entries:
            lines += ["", *([f"{title}:"] if title else []), *(f"- {e}" if title else e for e in entries)]
    return "\n".join(lines)


def _place(source: Source) -> str:
    return f"{source.name}, page {source.page}" if source.page else source.name


answer = as_chat_model(multi_agent, read=read, write=write)
