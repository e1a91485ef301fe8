"""Cut a document into chunks. Each strategy is a function of sections; tables are cut between their rows."""

import re
from collections.abc import Iterator, Sequence

import numpy as np

from app.llm.embeddings import embed_locally
from app.parsing import Section
from app.rag.settings import RagSettings
from app.rag.splitting import count_tokens, split
from app.rag.store import Chunk

_LONGEST_LINE = 4000
"""Characters: a longer line of a table is cut like text."""


def chunk(sections: Sequence[Section], settings: RagSettings) -> list[Chunk]:
    """Return the chunks of a document, in its order."""
    merged = _merged(sections, by_heading=settings.chunking != "recursive")
    pieces = ((section, text) for section in merged for text in _cut(section, settings))
    return [
        Chunk(position, text, section.page, section.headings, section.kind)
        for position, (section, text) in enumerate(piece for piece in pieces if piece[1].strip())
    ]


def fingerprint(settings: RagSettings) -> str:
    """Return how chunks are cut, to be kept with an index."""
    return f"{settings.chunking}:{settings.chunk_tokens}:{settings.chunk_overlap}"


def _merged(sections: Sequence[Section], *, by_heading: bool) -> Iterator[Section]:
    """Join text sections that follow each other on one page, without regard to headings if asked so."""
    if by_heading:
        yield from sections
        return
    waiting: Section | None = None
    for section in sections:
        together = waiting and waiting.kind == section.kind == "text" and waiting.page == section.page
        if waiting and together:
            title = section.headings[-1:] if section.headings != waiting.headings else ()
            text = "\n\n".join((waiting.text, *title, section.text))
            waiting = Section(text, waiting.page, waiting.headings)
            continue
        if waiting:
            yield waiting
        waiting = section
    if waiting:
        yield waiting


def _cut(section: Section, settings: RagSettings) -> list[str]:
    if section.kind == "table":
        return list(_rows(section.text, settings))
    if settings.chunking == "semantic":
        return [piece for part in by_subject(section.text) for piece in _split(part, settings)]
    return list(_split(section.text, settings))


def _split(text: str, settings: RagSettings) -> Iterator[str]:
    return split(text, settings.chunk_tokens, min(settings.chunk_overlap, settings.chunk_tokens // 2))


def _rows(table: str, settings: RagSettings) -> Iterator[str]:
    """Cut a table between rows; its head stands on every piece."""
    lines = table.split("\n")
    head, rows = lines[:2], lines[2:]
    size = count_tokens("\n".join(head))
    if size > settings.chunk_tokens // 2 or any(len(line) > _LONGEST_LINE for line in lines) or not rows:
        yield from _split(table, settings)
        return
    piece: list[str] = []
    used = size
    for row in rows:
        tokens = count_tokens(row)
        if piece and used + tokens > settings.chunk_tokens:
            yield "\n".join((*head, *piece))
            piece, used = [], size
        piece.append(row)
        used += tokens
    yield "\n".join((*head, *piece))


_SENTENCE_ENDS = re.compile(r"(?<=[.!?\u3002])\s+|\n{2,}")
_BREAKS = 0.2
"""Of the places between two sentences, the part where the subject changes most."""


def by_subject(text: str) -> list[str]:
    """Cut a text where neighbouring sentences are least alike (Kamradt's semantic chunking).

    The local vectors tell: it costs nothing, whatever embedder the index has.
    """
    sentences = [sentence for sentence in _SENTENCE_ENDS.split(text) if sentence.strip()]
    if len(sentences) < 4:
        return [text]
    windows = [" ".join(sentences[max(0, i - 1) : i + 2]) for i in range(len(sentences))]
    vectors, _ = embed_locally(windows)
    alike = (vectors[:-1] * vectors[1:]).sum(axis=1)
    limit = np.quantile(alike, _BREAKS)
    pieces: list[list[str]] = [[sentences[0]]]
    for sentence, likeness in zip(sentences[1:], alike, strict=True):
        if likeness < limit:
            pieces.append([])
        pieces[-1].append(sentence)
    return [" ".join(piece) for piece in pieces]
