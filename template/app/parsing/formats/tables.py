"""Workbooks and CSV: a table for each sheet, its rows in Markdown."""

import csv
import io
from collections.abc import Iterable, Sequence
from datetime import datetime

from app.parsing.sections import Parsed, Section


def parse_workbook(content: bytes) -> Parsed:
    """Return a table for each sheet of an XLSX, XLS or ODS."""
    from python_calamine import CalamineWorkbook

    workbook = CalamineWorkbook.from_filelike(io.BytesIO(content))
    sheets = ((name, workbook.get_sheet_by_name(name).to_python()) for name in workbook.sheet_names)
    sections = tuple(
        Section(table, headings=(name,), kind="table") for name, rows in sheets if (table := _table(rows))
    )
    return Parsed("xlsx", sections, len(workbook.sheet_names))


def parse_csv(text: str) -> Parsed:
    """Return the table of a CSV, whatever separates its values."""
    csv.field_size_limit(len(text) + 1)
    try:
        dialect: type[csv.Dialect] | csv.Dialect = csv.Sniffer().sniff(text[:10_000], delimiters=",;\t|")
    except csv.Error:
        dialect = csv.excel
    table = _table(csv.reader(io.StringIO(text), dialect))
    return Parsed("csv", (Section(table, kind="table"),) if table else ())


def _table(rows: Iterable[Sequence[object]]) -> str:
    """Return rows in Markdown, the first one as the head; without rows and columns that are empty."""
    written = [[_cell(value) for value in row] for row in rows]
    written = [row for row in written if any(row)]
    if not written:
        return ""
    width = max(len(row) for row in written)
    full = [row + [""] * (width - len(row)) for row in written]
    used = [column for column in range(width) if any(row[column] for row in full)]
    lines = [_line(row[column] for column in used) for row in full]
    return "\n".join([lines[0], _line("---" for _ in used), *lines[1:]])


def _line(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _cell(value: object) -> str:
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, datetime) and value.time().isoformat() == "00:00:00":
        return value.date().isoformat()
    return " ".join(str(value).replace("|", "/").split()) if value is not None else ""
