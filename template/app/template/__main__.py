"""`python -m app.template status`: for when a conflict stands in a file that `app` itself needs."""

from app.core.errors import AppError
from app.template.cli import template

if __name__ == "__main__":
    try:
        template(prog_name="app template")
    except AppError as error:
        raise SystemExit(f"Error: {error}") from None
