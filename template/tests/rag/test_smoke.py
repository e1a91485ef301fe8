import pytest

from app.rag import search
from tests.rag.fixtures import Put


@pytest.mark.parametrize("profile", ["hybrid", "dense", "keyword"])
async def test_found(put: Put, profile: str) -> None:
    await put("# Returns\n\nA lamp may be returned within 30 days. ZXQ-9917 is it.\n\n# Hours\n\nAt 9.")
    await put("# Pay\n\nInvoices are paid within two weeks.", "pay.md")
    hits = await search("returned ZXQ-9917", readers=None, profile=profile)
    assert hits[0].headings == ("Returns",)
