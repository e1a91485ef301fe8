"""A picture that compares profiles: one bar each, with its interval, as SVG."""

from collections.abc import Sequence
from html import escape

from app.rag.evaluation.metrics import interval
from app.rag.evaluation.run import Report

_ROW, _LEFT, _WIDTH = 34, 130, 460


def draw(reports: Sequence[Report], measure: str = "ndcg") -> str:
    """Return the SVG."""
    height = _ROW * len(reports) + 60
    title = f"{measure}@{reports[0].k}, with its 95 % interval"
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{_LEFT + _WIDTH + 90}" height="{height}" '
        'font-family="sans-serif" font-size="13">',
        f'<text x="10" y="22" font-weight="bold">{escape(title)}</text>',
    ]
    for number, report in enumerate(reports):
        lines += _bar(report, measure, 40 + number * _ROW)
    return "\n".join([*lines, "</svg>", ""])


def _bar(report: Report, measure: str, top: int) -> list[str]:
    value = report.mean(measure)
    low, high = interval(report.values(measure))
    middle = top + 10
    return [
        f'<text x="10" y="{top + 15}">{escape(report.profile)}</text>',
        f'<rect x="{_LEFT}" y="{top}" width="{value * _WIDTH:.1f}" height="20" fill="#4878a8"/>',
        f'<line x1="{_LEFT + low * _WIDTH:.1f}" x2="{_LEFT + high * _WIDTH:.1f}" y1="{middle}" y2="{middle}" '
        'stroke="#222" stroke-width="2"/>',
        f'<text x="{_LEFT + _WIDTH + 10}" y="{top + 15}">{value:.3f}</text>',
    ]
