"""A sink for tests."""

from collections.abc import Callable

from app.core.spans import Span


class Watcher:
    """Remembers the spans that have ended, in their order."""

    def __init__(self) -> None:
        self.ended: list[Span] = []

    def __call__(self, piece: Span) -> Callable[[], None]:
        return lambda: self.ended.append(piece)

    def tree(self) -> list[tuple[str, str | None]]:
        """Return the name of each span, and of the one around it."""
        return [(piece.name, piece.parent.name if piece.parent else None) for piece in self.ended]
