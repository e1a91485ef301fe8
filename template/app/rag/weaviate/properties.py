"""The collection of an index: its properties, and chunks as objects of it."""

import json
from collections.abc import Mapping
from typing import Any
from uuid import UUID, uuid5

from weaviate.classes.config import DataType, Property, Tokenization

from app.rag import Chunk, FieldType, Found, Origin, RagSettings, day_number

CHUNK = ["document", "version", "position", "text", "page", "headings", "kind", "context"]
"""The properties of a chunk."""

_TYPES = {
    "text": DataType.TEXT,
    "date": DataType.TEXT,
    "number": DataType.NUMBER,
    "flag": DataType.BOOL,
}


def of_chunks() -> list[Property]:
    """Return the properties that every collection has. Only `words` is searched."""
    texts = ["document", "owner", "source", "format", "language", "kind"]
    kept = ["text", "headings", "context"]
    return [
        *(_filtered(name, DataType.TEXT) for name in texts),
        _filtered("version", DataType.INT),
        _filtered("position", DataType.INT),
        _filtered("page", DataType.NUMBER),
        *(
            Property(name=name, data_type=DataType.TEXT, index_filterable=False, index_searchable=False)
            for name in kept
        ),
        Property(
            name="words",
            data_type=DataType.TEXT,
            tokenization=Tokenization.WHITESPACE,
            index_filterable=False,
            index_searchable=True,
        ),
    ]


def of_fields() -> list[Property]:
    """Return the properties of the own fields that the settings name. Dates have two: text and day."""
    found = []
    for name, type_ in RagSettings.load().fields.items():
        found.append(_filtered(own(name, type_), _TYPES[type_]))
        if type_ == "date":
            found.append(_filtered(day(name), DataType.INT))
    return found


def own(name: str, type_: FieldType) -> str:
    """Return the property of an own field. Its type is in its name: a field may get another one."""
    return f"own_{type_}_{name}"


def day(name: str) -> str:
    """Return the property that has a date as the number of its day."""
    return f"own_day_{name}"


def to_properties(origin: Origin, chunk: Chunk, words: str) -> dict[str, Any]:
    """Return a chunk as the properties of an object."""
    types = RagSettings.load().fields
    fields = {name: value for name, value in origin.fields.items() if name in types}
    days = {day(name): day_number(value) for name, value in fields.items() if types[name] == "date"}
    return {
        "document": str(origin.document),
        "version": origin.version,
        "position": chunk.position,
        "owner": origin.owner,
        "source": origin.source,
        "format": origin.format,
        "language": origin.language,
        "kind": chunk.kind,
        "text": chunk.text,
        "headings": json.dumps(chunk.headings),
        "context": chunk.context,
        "words": words,
        **({} if chunk.page is None else {"page": float(chunk.page)}),
        **{own(name, types[name]): value for name, value in fields.items()},
        **days,
    }


def to_uuid(document: UUID, version: int, position: int) -> UUID:
    """Return the id of a chunk's object: the same chunk has the same."""
    return uuid5(document, f"{version}:{position}")


def to_found(properties: Mapping[str, Any], **scores: float) -> Found:
    """Return the chunk of an object."""
    page = properties.get("page")
    chunk = Chunk(
        int(properties["position"]),
        properties["text"],
        None if page is None else int(page),
        tuple(json.loads(properties["headings"])),
        properties["kind"],
        properties.get("context") or "",
    )
    key = UUID(str(properties["document"])), int(properties["version"])
    return Found(*key, chunk, next(iter(scores.values()), 0.0), scores)


def _filtered(name: str, data_type: DataType) -> Property:
    is_text = data_type == DataType.TEXT
    return Property(
        name=name,
        data_type=data_type,
        tokenization=Tokenization.FIELD if is_text else None,  # the whole text, not words of it
        index_filterable=True,
        index_searchable=False if is_text else None,
    )
