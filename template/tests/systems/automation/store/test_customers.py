import json
from pathlib import Path
from typing import Any

import pytest

from app.core.paths import APP
from app.systems.automation import customers as automation
from app.systems.automation.extensions import CUSTOMERS
from app.systems.automation.store.repository import find_customer, save_customers
from app.systems.automation.store.schemas import CustomerRow
from tests.commands import run_app

pytestmark = pytest.mark.usefixtures("database")

KIM: dict[str, Any] = {
    "email": "Kim@example.com",
    "name": "Kim",
    "plan": "standard",
    "orders": [
        {
            "number": "A-1",
            "status": "shipped",
            "amount": "24.00",
            "currency": "EUR",
            "delivered_on": None,
        }
    ],
}


async def saved(customer: dict[str, Any]) -> dict[str, Any] | None:
    await save_customers([CustomerRow.model_validate(customer)])
    return await find_customer("kim@EXAMPLE.com")


async def test_a_customer_is_found_whatever_the_case_of_the_address() -> None:
    assert await saved(KIM) == {**KIM, "email": "kim@example.com"}


async def test_what_is_known_is_brought_up_to_date() -> None:
    await saved(KIM)

    found = await saved({**KIM, "name": "Kim B.", "orders": [{**KIM["orders"][0], "status": "delivered"}]})

    assert found is not None
    assert (found["name"], found["orders"][0]["status"]) == ("Kim B.", "delivered")


async def test_an_unknown_address_is_nobody() -> None:
    assert await find_customer("nobody@example.com") is None


def test_it_is_where_the_automation_looks_customers_up() -> None:
    assert CUSTOMERS.first() is find_customer


@pytest.mark.slow
def test_a_file_is_imported_from_the_command_line(database: str) -> None:
    path = APP / "systems" / "automation" / "customers.json"

    done = run_app("customers", "import", str(path), DATABASE_URL=database)

    assert done.stdout == "Stored 3 customers with 3 orders.\n", done.stderr


@pytest.mark.slow
@pytest.mark.parametrize(
    ("content", "said"), [("[{}]", "0.email"), ("nonsense", "JSON"), (json.dumps([KIM | {"x": 1}]), "0.x")]
)
def test_a_file_that_does_not_fit_is_a_message(
    content: str, said: str, tmp_path: Path, database: str
) -> None:
    (tmp_path / "customers.json").write_text(content)

    done = run_app("customers", "import", str(tmp_path / "customers.json"), DATABASE_URL=database)

    assert (done.returncode, said in done.stderr, "Traceback" in done.stderr) == (1, True, False), done.stderr


async def test_the_support_automation_finds_customers_here() -> None:
    await saved({**KIM, "email": "new@example.com"})

    found = await automation.find_customer("new@example.com")

    assert found
    assert found.orders[0].number == "A-1"
