"""What goes in, what is found on the way, and what comes out."""

from pydantic import BaseModel, ConfigDict, Field

from app.core.text import Text


class ResearchQuestion(BaseModel):
    """What is to be found out."""

    model_config = ConfigDict(extra="forbid")

    question: Text = Field(min_length=3, max_length=5000)
    workers: int = Field(default=4, ge=1, le=8, description="Parts of the question, at the most.")


class Plan(BaseModel):
    """The parts of a question, each for one worker."""

    tasks: list[str] = Field(min_length=1, max_length=8)


class Claim(BaseModel):
    """One thing that was found, and where."""

    text: str = Field(min_length=1, description="What it says, in one sentence.")
    source: str = Field(description="The source's name, as the tool gave it.")
    quote: str = Field(min_length=1, description="The words of the source that say so, copied exactly.")


class GroundedClaim(Claim):
    """A claim whose quotation code has found."""

    page: int | None = None
    """Of its source, where that has pages."""


class Findings(BaseModel):
    """What a worker has found."""

    claims: list[Claim] = Field(max_length=8)


class Evidence(BaseModel):
    """What has held against its source, and what has not."""

    claims: list[GroundedClaim]
    dropped: list[str]
    """Claims whose quotation does not stand in their source."""
    stuck: int = 0
    """How many workers came to no end: what they looked for is not here."""


class Review(BaseModel):
    """What the critic misses."""

    gaps: list[str] = Field(max_length=5, description="What has to be looked up yet; empty if nothing.")
    contradictions: list[str] = Field(max_length=5, description="Claims that cannot both be true.")


class Written(BaseModel):
    """The report as the writer gives it."""

    text: str = Field(
        min_length=1, description="With the number of a claim in brackets behind what it says: [1]."
    )


class Source(BaseModel):
    """A source that the report refers to."""

    number: int
    name: str
    quote: str
    page: int | None = None


class Report(BaseModel):
    """The answer, with its sources."""

    answer: str
    sources: list[Source]
    open_questions: list[str]
    """What was not found out."""
    contradictions: list[str]
    dropped_claims: list[str]
    problems: list[str]
    """What code finds wrong: citations of claims that do not exist, sentences without any, numbers that do
    not stand in what they cite, parts of the research that came to no end."""
