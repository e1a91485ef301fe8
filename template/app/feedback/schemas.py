"""What the endpoints of feedback take and give."""

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from app.core.text import Text


class FeedbackRequest(BaseModel):
    """What somebody says of a result."""

    model_config = ConfigDict(extra="forbid")

    helpful: bool
    comment: Annotated[Text, Field(max_length=2000)] = ""


class FeedbackView(BaseModel):
    """What was kept."""

    helpful: bool
    comment: str
    created_at: datetime
