"""What goes in, what is made on the way, and what comes out."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from app.core.text import Text


class Brief(BaseModel):
    """What is wanted."""

    model_config = ConfigDict(extra="forbid")

    topic: Text = Field(min_length=3, max_length=2000)
    audience: Text = Field(default="curious people without special knowledge", max_length=500)
    tone: Literal["plain", "friendly", "formal"] = "plain"
    language: Text = Field(default="English", max_length=50)
    words: int = Field(default=400, ge=80, le=3000)
    must_mention: list[Text] = Field(default_factory=list, max_length=20)
    """Words or names that have to occur."""


class Part(BaseModel):
    """One part of an outline."""

    heading: str = Field(min_length=1, max_length=120)
    points: list[str] = Field(min_length=1, max_length=6)


class Outline(BaseModel):
    """What the article will say, in which order."""

    title: str = Field(min_length=1, max_length=150)
    parts: list[Part] = Field(min_length=2, max_length=8)


class Task(BaseModel):
    """What one section has to say, in how many words."""

    title: str
    heading: str
    points: list[str]
    words: int


class Draft(BaseModel):
    """The article, in Markdown."""

    markdown: str = Field(min_length=1)


class Measured(BaseModel):
    """What code can say about a draft."""

    words: int
    problems: list[str]
    draft: Draft
    best: Draft
    """The one with the fewest problems so far."""


class Critique(BaseModel):
    """What a critical reader says."""

    good_enough: bool = Field(description="Whether it can be published as it is.")
    remarks: list[str] = Field(max_length=10, description="What to change, each in a sentence.")


class Article(BaseModel):
    """The article, and what is still wrong with it."""

    title: str
    markdown: str
    words: int
    problems: list[str]
    """What code still finds wrong; empty if all is well."""
    remarks: list[str]
    """What the critic said of it; empty if it was revised afterwards."""
