"""A comparison as text: for the terminal, as Markdown for a pull request, and as a picture."""

from html import escape

from app.evals.comparing import Comparison, Row

_ROW, _LEFT, _WIDTH = 40, 160, 420
_COLORS = ("#9ab0c4", "#2f6f4f")


def as_markdown(comparison: Comparison, alpha: float) -> str:
    """Return a table, and below it the cases that changed."""
    lines = [
        f"### Evaluation of `{comparison.after.system}`",
        "",
        f"{comparison.before.model} → {comparison.after.model}, {len(comparison.after.cases)} cases",
        "",
        "| | before | after | change | p | |",
        "|---|---:|---:|---:|---:|---|",
    ]
    for row in (*comparison.rows, *comparison.measures):
        mark = "**worse**" if row in comparison.regressions(alpha) else ""
        digits = 6 if row.field == "cost" else 3
        change = f"{row.after - row.before:+.{digits}f}"
        values = f"{row.before:.{digits}f} | {row.after:.{digits}f} | {change} | {row.p:.3f}"
        lines.append(f"| {_inline(row.field)} | {values} | {mark} |")
    for row in comparison.rows:
        lines += [f"- now wrong: {_inline(name)} ({_inline(row.field)})" for name in row.worse]
        lines += [f"- now right: {_inline(name)} ({_inline(row.field)})" for name in row.better]
    lines += [f"- missing: {_inline(each)}" for each in comparison.missing]
    return "\n".join([*lines, ""])


def _inline(text: str) -> str:
    """Return a text that stays within its cell and its line."""
    return " ".join(text.split()).replace("|", "\\|")


def as_svg(comparison: Comparison) -> str:
    """Return a picture: for each field a bar before and a bar after."""
    height = _ROW * len(comparison.rows) + 60
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{_LEFT + _WIDTH + 80}" height="{height}" '
        'font-family="sans-serif" font-size="13">',
        f'<text x="10" y="22" font-weight="bold">{escape(comparison.after.system)}: before and after</text>',
    ]
    for number, row in enumerate(comparison.rows):
        lines += _bars(row, 40 + number * _ROW)
    return "\n".join([*lines, "</svg>", ""])


def _bars(row: Row, top: int) -> list[str]:
    lines = [f'<text x="10" y="{top + 18}">{escape(row.field)}</text>']
    for number, value in enumerate((row.before, row.after)):
        y = top + number * 15
        lines.append(
            f'<rect x="{_LEFT}" y="{y}" width="{value * _WIDTH:.1f}" height="13" fill="{_COLORS[number]}"/>'
        )
        lines.append(f'<text x="{_LEFT + value * _WIDTH + 6:.1f}" y="{y + 11}">{value:.2f}</text>')
    return lines
