"""Documents as resources of MCP: `document://ID`, those that the caller may read."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from app.core.scope import current_scope
from app.rag import repository
from app.rag.access import READ, current_readers
from app.rag.errors import RagDocumentNotFound
from app.rag.models import State

_PAGE = 100
_MOST_CHARACTERS = 400_000


@dataclass(frozen=True)
class DocumentResource:
    """A document, as MCP shows it."""

    uri: str
    name: str
    description: str = ""
    media_type: str = "text/plain"


class DocumentLibrary:
    """The documents that the caller may read."""

    scheme = "document"

    async def page(self, cursor: str | None) -> tuple[Sequence[DocumentResource], str | None]:
        """Return some documents, the newest first; none to a caller who may read none."""
        if not current_scope().may(READ):
            return [], None
        after = _id(cursor) if cursor else None
        found = await repository.list_documents(current_readers(), _PAGE + 1, after, State.indexed)
        shown = [
            DocumentResource(f"document://{each.document.id}", each.document.source) for each in found[:_PAGE]
        ]
        return shown, str(found[_PAGE - 1].document.id) if len(found) > _PAGE else None

    async def read(self, uri: str) -> str:
        """Return the text of a document. Raises `RagDocumentNotFound`, or `DocumentsNotAllowed`."""
        readers = current_readers()
        document = await repository.find_document(_id(uri.removeprefix("document://")))
        if document is None or (readers is not None and document.owner not in readers):
            raise RagDocumentNotFound(f"You have no document {uri}.")
        content = await repository.content_of(document.id)
        if content is None or content.sections is None:
            raise RagDocumentNotFound(f"The document {uri} is not read yet.")
        return "\n\n".join(text for text, *_ in content.sections["sections"])[:_MOST_CHARACTERS]


def _id(text: str) -> UUID:
    try:
        return UUID(text.strip("/"))
    except ValueError:
        raise RagDocumentNotFound(f"{text[:100]!r} is not the id of a document.") from None


library = DocumentLibrary()
