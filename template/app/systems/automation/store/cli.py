"""`app customers import`."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer

cli = typer.Typer()
customers = typer.Typer(help="Customers and their orders.", no_args_is_help=True)
cli.add_typer(customers, name="customers")


@customers.command("import", epilog="Example: uv run app customers import customers.json")
def import_customers(
    path: Annotated[Path, typer.Argument(help="A JSON file: a list of customers with their orders.")],
) -> None:
    """Store the customers of a file; those that are there are brought up to date."""
    from pydantic import TypeAdapter, ValidationError

    from app.core.errors import FieldError, InvalidInput
    from app.core.lifespan import open_features
    from app.systems.automation.store.repository import save_customers
    from app.systems.automation.store.schemas import CustomerRow

    try:
        rows = TypeAdapter(list[CustomerRow]).validate_json(path.read_bytes())
    except ValidationError as error:
        problems = error.errors()[:20]
        fields = [FieldError(".".join(map(str, p["loc"])) or str(path), p["msg"]) for p in problems]
        raise InvalidInput(f"{path} does not fit.", fields=fields) from None

    async def save() -> None:
        async with open_features():
            await save_customers(rows)

    asyncio.run(save())
    typer.echo(f"Stored {len(rows)} customers with {sum(len(row.orders) for row in rows)} orders.")
