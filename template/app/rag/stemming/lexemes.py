"""The lexemes of a text: its words without endings, and without those that say nothing.

A word has the same stem in every store. A lexeme names its language (`german/lamp`): a question is stemmed
in all of them, and what it means in one is not found in another.
"""

from collections.abc import Sequence

from sqlalchemy import text

from app.db import transaction
from app.rag import LANGUAGES, keyword_text

_QUESTION_WORDS = 64
"""The first words of a question that count."""

_OF_TEXTS = """
SELECT (
    SELECT coalesce(string_agg(repeat(:language || '/' || lexeme || ' ', array_length(positions, 1)), ''), '')
    FROM unnest(to_tsvector(CAST(:language AS regconfig), words))
)
FROM unnest(CAST(:texts AS text[])) WITH ORDINALITY AS given(words, place)
ORDER BY place
"""
_OF_QUESTION = """
SELECT coalesce(string_agg(DISTINCT language || '/' || lexeme, ' '), '')
FROM unnest(CAST(:languages AS text[])) AS language
CROSS JOIN LATERAL unnest(to_tsvector(language::regconfig, :words))
"""


async def stemmed(texts: Sequence[str], language: str) -> list[str]:
    """Return the lexemes of each text, separated by spaces; one that stands twice is there twice."""
    parameters = {"language": language, "texts": [keyword_text(each) for each in texts]}
    async with transaction() as session:
        return list(await session.scalars(text(_OF_TEXTS), parameters))


async def stemmed_question(question: str) -> str:
    """Return the lexemes of a question in every language, separated by spaces."""
    words = list(dict.fromkeys(keyword_text(question).split()))[:_QUESTION_WORDS]
    parameters = {"languages": list(LANGUAGES), "words": " ".join(words)}
    async with transaction() as session:
        return str(await session.scalar(text(_OF_QUESTION), parameters))
