import pytest
from pydantic import TypeAdapter, ValidationError

from app.core.text import Text, storable


@pytest.mark.parametrize("text", ["a\0b", "\ud800"])
def test_text_that_no_database_takes_is_refused(text: str) -> None:
    with pytest.raises(ValidationError, match="must not hold"):
        TypeAdapter(Text).validate_python(text)


def test_text_is_checked_however_deep_it_is() -> None:
    with pytest.raises(ValueError, match="NUL"):
        storable({"a": [{"b\0": 1}]})


def test_ordinary_text_of_any_language_passes() -> None:
    assert TypeAdapter(Text).validate_python("Grüße 👋 你好") == "Grüße 👋 你好"
