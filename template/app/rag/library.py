"""The documents as sources of the research team: searched, read, and held against what is quoted of them."""

from collections.abc import Sequence

from app.core.quotations import Passage
from app.core.scope import current_scope
from app.rag import repository
from app.rag.access import READ, current_readers
from app.rag.models import State
from app.rag.retrieval import search


class ResearchLibrary:
    """The documents that the caller may read."""

    async def has_any(self) -> bool:
        """Whether there is one that can be found."""
        if not current_scope().may(READ):
            return False
        return bool(await repository.list_documents(current_readers(), 1, None, State.indexed))

    async def search(self, query: str, limit: int) -> Sequence[Passage]:
        """Return the best passages."""
        hits = await search(query, readers=current_readers(), limit=limit)
        return [Passage(hit.source, hit.text, hit.page) for hit in hits]

    async def passages(self, source: str) -> Sequence[Passage]:
        """Return the sections of a document; of its name, the end is enough if one alone ends so."""
        named = await repository.documents_named(source.strip(), current_readers())
        exact = [each for each in named if each.source == source.strip()] or named
        if len(exact) != 1:
            return []
        content = await repository.content_of(exact[0].id)
        sections = content.sections["sections"] if content and content.sections else []
        return [Passage(exact[0].source, text, page) for text, page, *_ in sections]


library = ResearchLibrary()
