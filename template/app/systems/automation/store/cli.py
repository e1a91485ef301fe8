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

    from app.core.errors import InvalidInput, field_errors
    from app.core.lifespan import open_features
    from app.systems.automation.store.repository import save_customers
    from app.systems.automation.store.schemas import CustomerRow

    try:
        rows = TypeAdapter(list[CustomerRow]).validate_json(path.read_bytes())
    except ValidationError as error:
        raise InvalidInput(f"{path} does not fit.", fields=field_errors(error)[:20]) from None

    async def save() -> None:
        async with open_features():
            await save_customers(rows)

    asyncio.run(save())
    typer.echo(f"Stored {len(rows)} customers with {sum(len(row.orders) for row in rows)} orders.")
