"""The writer as a model of the OpenAI-compatible endpoint: a topic goes in, an article comes out."""

from app.graphs import as_chat_model
from app.systems.content_generation.schemas import Article, Brief
from app.systems.content_generation.workflow import content_generation


def read(text: str) -> Brief:
    """Return a brief with the topic that somebody has typed."""
    return Brief(topic=text)


def write(article: Article) -> str:
    """Return the article as text, and below it what is still wrong with it."""
    wrong = [f"- {remark}" for remark in (*article.problems, *article.remarks)]
    return "\n".join([article.markdown, *(["", "---", "Still to be mended:", *wrong] if wrong else [])])


answer = as_chat_model(content_generation, read=read, write=write)
