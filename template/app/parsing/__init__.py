"""The text of files: what is untrusted is parsed in a process of its own. See README.md."""

from typing import TYPE_CHECKING

from app.core.lazy import lazy_exports

if TYPE_CHECKING:
    from app.parsing.parser import Limits, clean_text, parse
    from app.parsing.sections import Parsed, Section

__all__ = ["Limits", "Parsed", "Section", "clean_text", "parse"]

__getattr__ = lazy_exports(
    __name__,
    parser=("Limits", "clean_text", "parse"),
    sections=("Parsed", "Section"),
)
