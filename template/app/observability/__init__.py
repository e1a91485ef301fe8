"""Traces: what ran, how long it took, what it cost and what was said."""

from typing import TYPE_CHECKING

from app.core.lazy import lazy_exports

if TYPE_CHECKING:
    from app.observability.langfuse import langfuse_headers
    from app.observability.settings import LangfuseSettings

__all__ = ["LangfuseSettings", "langfuse_headers"]

__getattr__ = lazy_exports(__name__, langfuse=("langfuse_headers",), settings=("LangfuseSettings",))
