"""What goes in, what a model reads out of it, and what comes out."""

import base64
from datetime import date
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, EncodedBytes, EncoderProtocol, Field, model_validator

from app.core.text import Text
from app.workflows import Decision

Kind = Literal["invoice", "contract"]


class _Base64(EncoderProtocol):
    """Base64 as RFC 4648 has it, in lines or not; other characters are an error."""

    @classmethod
    def decode(cls, data: bytes) -> bytes:
        return base64.b64decode(b"".join(data.split()), validate=True)

    @classmethod
    def encode(cls, value: bytes) -> bytes:
        return base64.b64encode(value)

    @classmethod
    def get_json_format(cls) -> Literal["base64"]:
        return "base64"


File = Annotated[bytes, EncodedBytes(encoder=_Base64)]
Sureness = Annotated[
    float | None, Field(ge=0, le=1, description="How sure you are that all fields are right.")
]
Amount = Annotated[Decimal, Field(max_digits=18, decimal_places=6)]


class Document(BaseModel):
    """A document: its text, or a file (PDF, DOCX, XLSX, HTML, e-mail, text …) in Base64."""

    model_config = ConfigDict(extra="forbid")

    text: Text | None = Field(default=None, max_length=2_000_000)
    content: File | None = Field(default=None, max_length=20_000_000)
    filename: Text | None = Field(
        default=None, max_length=300, description="Its ending, such as .csv or .eml, says how text is read."
    )

    @model_validator(mode="after")
    def _has_one_of_them(self) -> "Document":
        if (self.text is None) == (self.content is None):
            raise ValueError("give either text or content")
        return self


class ReadText(BaseModel):
    """The text of a document."""

    text: str
    pages: int


class LineItem(BaseModel):
    """One line of an invoice."""

    description: str
    quantity: Amount = Decimal(1)
    unit_price: Amount
    amount: Amount = Field(description="The amount of the line, as the document says it.")
    discount: Amount | None = Field(default=None, description="Taken off this line, as a positive amount.")


class Invoice(BaseModel):
    """An invoice, as it is written: nothing corrected, nothing worked out, and what is not there left out."""

    supplier: str | None = None
    number: str | None = None
    issued: date | None = None
    due: date | None = None
    currency: str | None = Field(default=None, description="ISO 4217, such as EUR.", pattern="^[A-Z]{3}$")
    lines: list[LineItem] = Field(default_factory=list, max_length=500)
    net: Amount | None = Field(default=None, description="The sum before tax, as the document says it.")
    discount: Amount | None = Field(default=None, description="Taken off the lines, as a positive amount.")
    tax_rate: Amount | None = Field(default=None, description="Per cent; leave it out if there are several.")
    tax: Amount | None = None
    shipping: Amount | None = Field(default=None, description="Added after tax.")
    paid: Amount | None = Field(default=None, description="Paid before, as a positive amount.")
    total: Amount | None = Field(default=None, description="What is to be paid, as the document says it.")
    confidence: Sureness = None


class Contract(BaseModel):
    """A contract, as it is written; what is not there is left out."""

    title: str | None = None
    parties: list[str] = Field(default_factory=list, max_length=20)
    starts: date | None = None
    ends: date | None = None
    notice_days: int | None = Field(default=None, ge=0, description="Days of notice to end it.")
    governing_law: str | None = None
    confidence: Sureness = None


class KindAnswer(BaseModel):
    """Which kind of document it is."""

    to: Literal["invoice", "contract", "check"] = Field(description="`check` if it is neither.")


class Checked(BaseModel):
    """What code has found."""

    kind: Kind | None
    problems: list[str]
    token: str = ""
    """Of this run: by it the document is remembered as one that was accepted."""


class Question(BaseModel):
    """What a person is shown."""

    filename: str | None
    problems: list[str]
    invoice: Invoice | None
    contract: Contract | None
    text: str
    """The beginning of the document."""


class Review(Decision):
    """What a person has decided: accept it as it is, accept it corrected, or refuse it."""

    invoice: Invoice | None = None
    contract: Contract | None = None

    @model_validator(mode="after")
    def _is_one_correction(self) -> "Review":
        if self.invoice and self.contract:
            raise ValueError("a document is an invoice or a contract, not both")
        return self


class Result(BaseModel):
    """The data of the document, and how sure one can be of it."""

    status: Literal["accepted", "corrected", "rejected"]
    kind: Kind | None
    invoice: Invoice | None
    contract: Contract | None
    problems: list[str]
    """What code finds wrong with these data: none, unless a person has accepted them so."""
    reviewed: bool
    comment: str
    pages: int
