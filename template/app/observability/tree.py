"""A trace as a tree of lines, for the terminal."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from app.observability import conventions as names
from app.observability.local import KeptSpan


@dataclass(frozen=True)
class Totals:
    """What the model calls of a trace took."""

    calls: int
    tokens: int
    cost: float
    """US dollars."""


def totals(spans: Sequence[KeptSpan]) -> Totals:
    """Add up the model calls of a trace."""
    calls = [span.attributes for span in spans if span.attributes.get(names.KIND) == "model_call"]
    tokens = sum(
        call.get(direction, 0) for call in calls for direction in (names.INPUT_TOKENS, names.OUTPUT_TOKENS)
    )
    return Totals(len(calls), tokens, sum(call.get(names.COST, 0) for call in calls))


def draw(spans: Sequence[KeptSpan]) -> Iterator[tuple[str, KeptSpan]]:
    """Yield each span with the branches that lead to it, the first to begin first.

    A span whose parent is not there, since it goes on or was in another system, stands at the top.
    """
    there = {span.span_id for span in spans}
    below: defaultdict[str | None, list[KeptSpan]] = defaultdict(list)
    for span in spans:
        below[span.parent_id if span.parent_id in there else None].append(span)
    for top in below[None]:
        yield from _branch(top, below, "", "")


def _branch(
    span: KeptSpan, below: dict[str | None, list[KeptSpan]], first: str, rest: str
) -> Iterator[tuple[str, KeptSpan]]:
    yield first, span
    inside = below.get(span.span_id, [])
    for number, child in enumerate(inside, 1):
        is_last = number == len(inside)
        yield from _branch(
            child, below, f"{rest}{'└─ ' if is_last else '├─ '}", f"{rest}{'   ' if is_last else '│  '}"
        )


def describe(span: KeptSpan) -> str:
    """Return time, tokens and cost of a span in one line."""
    parts = [_time(span.seconds)]
    found = span.attributes
    if names.INPUT_TOKENS in found:
        parts.append(f"{found[names.INPUT_TOKENS]}→{found.get(names.OUTPUT_TOKENS, 0)} tokens")
    if names.COST in found:
        parts.append(f"${found[names.COST]:.4f}")
    if names.TIME_TO_FIRST_CHUNK in found:
        parts.append(f"first after {_time(found[names.TIME_TO_FIRST_CHUNK])}")
    if names.STATUS_CODE in found:
        parts.append(str(found[names.STATUS_CODE]))
    return "  ".join(parts)


def _time(seconds: float) -> str:
    return f"{seconds:.1f} s" if seconds >= 1 else f"{seconds * 1000:.1f} ms"
