"""What the team may read: a folder, or the documents of another feature; and the tools that read it."""

from collections.abc import Sequence
from functools import cache
from pathlib import Path

import structlog

from app.core.errors import AppError, NotFound
from app.core.quotations import Passage
from app.systems.multi_agent.extensions import LIBRARIES, Library
from app.systems.multi_agent.folder import Folder
from app.systems.multi_agent.settings import ResearchSettings

EXAMPLES = Path(__file__).parent / "sources"

_HITS = 6
_PAGE = 15_000
"""Characters: less than a tool may say."""

log = structlog.get_logger(__name__)


async def current_library() -> Library:
    """Return the folder of the settings; without one, documents that the caller may read, if there are any.

    Else the example sources.
    """
    if folder := ResearchSettings.load().sources:
        return _folder(folder)
    for library in LIBRARIES.load().values():
        try:
            if await library.has_any():
                return library
        except AppError as error:
            log.warning("research.no_documents", reason=error.detail)
    return _folder(EXAMPLES)


@cache
def _folder(path: Path) -> Folder:
    return Folder(path)


async def search_sources(query: str) -> list[dict[str, str]]:
    """Find sources by words. Gives the best ones with an excerpt; read_source gives the whole text."""
    found = await (await current_library()).search(query, _HITS)
    excerpts: dict[str, list[str]] = {}
    for passage in found:
        excerpts.setdefault(passage.source, []).append(passage.text)
    return [{"source": source, "excerpt": "\n…\n".join(texts)} for source, texts in excerpts.items()]


async def read_source(name: str, page: int = 1) -> str:
    """Read a source by the name that search_sources gave. A long one has several pages."""
    passages = await passages_of(name)
    if not passages:
        raise NotFound(f"There is no source {name!r}.", hint="search_sources finds names.")
    text = "\n\n".join(passage.text for passage in passages)
    pages = max(1, -(-len(text) // _PAGE))
    if not 1 <= page <= pages:
        raise NotFound(f"The source {name!r} has {pages} pages.")
    part = text[(page - 1) * _PAGE : page * _PAGE]
    return part if pages == 1 else f"[page {page} of {pages}]\n{part}"


async def passages_of(name: str) -> Sequence[Passage]:
    """Return the text of a source in its passages; none if there is no such source."""
    return await (await current_library()).passages(name)
