"""Settings of the documents and their search (`RAG_…`)."""

import re
import shlex
from ipaddress import ip_network
from typing import Literal

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import SettingsConfigDict

from app.core.errors import InvalidInput, available
from app.core.settings import List, Settings, Url
from app.rag.profiles import PROFILES, Profile

FieldType = Literal["text", "number", "date", "flag"]

BUILT_IN_FIELDS: dict[str, FieldType] = {
    "document": "text",
    "source": "text",
    "format": "text",
    "language": "text",
    "kind": "text",
    "page": "number",
}
"""The fields that every chunk has, for filters."""


class RagSettings(Settings):
    """How documents are cut, embedded and searched."""

    model_config = SettingsConfigDict(env_prefix="RAG_")

    embedder: str | None = None
    """`provider:name`. Not set: the one that the index was built with; for a new one, that of the first
    provider with a key, or else `local:wordllama`."""

    fields: dict[str, FieldType] = Field(default_factory=dict)
    """Fields of your documents, for filters, with their types: `{"department": "text", "year": "number"}`."""

    chunking: Literal["headings", "recursive", "semantic"] = "headings"
    """Where documents are cut: below headings, at paragraphs alone, or where the subject changes."""

    chunk_tokens: int = Field(300, ge=40, le=4000)
    """Tokens that a chunk may have."""

    chunk_overlap: int = Field(40, ge=0, le=500)
    """Tokens that a chunk repeats of the one before it."""

    contexts: bool = False
    """Whether a model writes for each chunk where in the document it stands. `documents add --dry-run` says
    what that costs."""

    max_file_bytes: int = Field(50_000_000, ge=1000)
    """Bytes that a file may have."""

    allowed_hosts: List = ()
    """Hosts that documents may be fetched from, by their URL: `docs.example.com`, `*.example.org`. None by
    default."""

    allowed_networks: List = ()
    """Private networks that these hosts may be in, such as 10.1.0.0/16. None by default: who may add
    documents could otherwise read what is behind your firewall."""

    ocr_command: str = ""
    """Recognizes the text of scanned PDFs: reads one on standard input and writes one with text, such as
    `ocrmypdf --quiet --skip-text - -`. Not set: a scan is refused."""

    max_pages: int = Field(2000, ge=1)
    """Pages that a document may have."""

    max_characters: int = Field(10_000_000, ge=1000)
    """Characters of its text."""

    read_seconds: float = Field(120.0, gt=0)
    """Seconds that reading a file may take."""

    part_chunks: int = Field(256, ge=16, le=2000)
    """Chunks that are embedded and kept at a time: an interruption loses no more than that."""

    parts_per_run: int = Field(4, ge=1, le=1000)
    """With workers: a document of more parts is shared by several runs, of so many parts each."""

    rerank_url: Url | None = None
    """A server that re-ranks: Cohere, Jina, Voyage, vLLM, TEI …; the whole URL, such as `https://host/v1/rerank`."""

    rerank_model: str = ""
    """The model that it is asked for."""

    rerank_api_key: SecretStr | None = None

    rerank_timeout: float = Field(10.0, gt=0)
    """Seconds until it is given up; then the order stays as it is."""

    profile: str = "hybrid"
    """The profile of searches that name none."""

    profiles: dict[str, Profile] = Field(default_factory=dict)
    """Your own, as JSON: `{"careful": {"mode": "hybrid", "keyword_weight": 2}}`."""

    def find_profile(self, name: str | None = None) -> Profile:
        """Return a profile. Raises `InvalidInput` that names those that exist."""
        known = {**PROFILES, **self.profiles}
        wanted = name or self.profile
        if wanted not in known:
            raise InvalidInput(f"There is no profile {wanted[:100]!r}.", hint=available(known))
        return known[wanted]

    @field_validator("ocr_command")
    @classmethod
    def _is_a_command(cls, value: str) -> str:
        shlex.split(value)  # its error names what is wrong
        return value

    @field_validator("allowed_networks")
    @classmethod
    def _are_networks(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for network in value:
            ip_network(network)  # its error names what is wrong
        return value

    @field_validator("fields")
    @classmethod
    def _are_names(cls, value: dict[str, FieldType]) -> dict[str, FieldType]:
        for name in value:
            if not re.fullmatch(r"[a-z][a-z0-9_]{0,40}", name):
                raise ValueError(f"{name!r} is not a name: a small letter, then small letters, digits and _")
            if name in BUILT_IN_FIELDS or name == "owner":
                raise ValueError(f"{name!r} is a field that every document has: choose another name")
        return value

    def types(self) -> dict[str, FieldType]:
        """Return the type of every field by which one may filter."""
        return {**BUILT_IN_FIELDS, **self.fields}
