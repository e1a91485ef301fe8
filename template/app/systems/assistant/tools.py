"""The assistant's own tools: what a model cannot know or is bad at."""

import ast
import operator
from collections.abc import Callable
from datetime import date, datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from app.core.errors import InvalidInput

_LARGEST = 1e15
_OPERATIONS: dict[type[ast.AST], Callable[..., float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Mod: operator.mod,
    ast.Pow: operator.pow,
    ast.USub: operator.neg,
    ast.UAdd: operator.pos,
}


def current_time(time_zone: str = "UTC") -> str:
    """Tell the date, the weekday and the time in a time zone, such as Europe/Berlin."""
    try:
        now = datetime.now(ZoneInfo(time_zone))
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise InvalidInput(
            f"There is no time zone {time_zone!r}.", hint="Use one like Europe/Berlin."
        ) from None
    return now.strftime("%A, %Y-%m-%d, %H:%M %Z")


def days_between(first: date, last: date) -> int:
    """Count the days from one date (YYYY-MM-DD) to another; negative if the other is earlier."""
    return (last - first).days


def calculate(expression: str) -> str:
    """Work out an expression of numbers, + - * / % ** and parentheses, such as (3 + 4) * 1.19."""
    try:
        value = _value(ast.parse(expression.strip(), mode="eval").body)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise InvalidInput(f"{expression[:100]!r} is not an arithmetic expression.") from None
    except (ArithmeticError, TypeError) as error:
        raise InvalidInput(f"{expression[:100]!r} has no result: {error}.") from None
    return str(int(value)) if value == int(value) else f"{value:.15g}"


def _value(node: ast.AST) -> float:
    match node:
        case ast.Constant(value=bool()):
            raise ValueError
        case ast.Constant(value=int() | float() as number):
            return _bounded(number)
        case ast.UnaryOp(op=op, operand=operand) if type(op) in _OPERATIONS:
            return _OPERATIONS[type(op)](_value(operand))
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _OPERATIONS:
            return _bounded(_OPERATIONS[type(op)](*_operands(_value(left), op, _value(right))))
    raise ValueError


def _operands(left: float, op: ast.AST, right: float) -> tuple[float, float]:
    if isinstance(op, ast.Pow) and abs(right) > 100:
        raise OverflowError("the exponent is too large")
    return left, right


def _bounded(number: float) -> float:
    """Keep numbers small: `9**9**9` would keep the machine busy for years."""
    if isinstance(number, complex) or abs(number) > _LARGEST:
        raise OverflowError("the number is too large")
    return number
