"""By what usage can be added up."""

from enum import StrEnum


class Column(StrEnum):
    """A column of the ledger."""

    day = "day"
    caller = "caller"
    workflow = "workflow"
    model = "model"


DEFAULT = (Column.day, Column.model)
