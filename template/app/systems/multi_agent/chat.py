"""The research team as a model of the chat door: the message is the question, the answer the report."""

from app.systems.multi_agent.schemas import Report, ResearchQuestion
from app.systems.multi_agent.workflow import flow
from app.workflows import as_chat_model


def read(text: str) -> ResearchQuestion:
    """Return the question that somebody has typed."""
    return ResearchQuestion(question=text)


def write(report: Report) -> str:
    """Return the report as text, with its sources below."""
    sources = [f'[{source.number}] {source.name}: "{source.quote}"' for source in report.sources]
    return "\n".join([report.answer, *(["", *sources] if sources else [])])


answer = as_chat_model(flow, read=read, write=write)
