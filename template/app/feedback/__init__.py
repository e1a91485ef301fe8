"""What people say of results: helpful or not, and why. See README.md."""

from typing import TYPE_CHECKING

from app.core.lazy import lazy_exports

if TYPE_CHECKING:
    from app.feedback.models import Feedback, Subject
    from app.feedback.repository import find_feedback

__all__ = ["Feedback", "Subject", "find_feedback"]

__getattr__ = lazy_exports(__name__, models=("Feedback", "Subject"), repository=("find_feedback",))
