from pathlib import Path

import pytest
from pydantic import Field, SecretStr
from pydantic_settings import SettingsConfigDict

from app.core import settings
from app.core.errors import ConfigurationError
from app.core.redaction import MASK, redact_text
from app.core.settings import RANDOM, Settings
from tests.conftest import SetEnvironment


class Example(Settings):
    model_config = SettingsConfigDict(env_prefix="EXAMPLE_")

    count: int = Field(3, ge=1)
    key: SecretStr | None = None


def test_a_variable_overrides_the_default(set_environment: SetEnvironment) -> None:
    set_environment(EXAMPLE_COUNT="5")

    assert Example.load().count == 5


def test_secrets_may_be_files_which_variables_override(
    set_environment: SetEnvironment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "EXAMPLE_KEY").write_text("from a file\n", encoding="utf-8")
    (tmp_path / "EXAMPLE_COUNT").write_text("7", encoding="utf-8")
    monkeypatch.setattr(settings, "SECRETS", tmp_path)
    set_environment(ENVIRONMENT="development", EXAMPLE_COUNT="5")

    loaded = Example.load()

    assert loaded.key == SecretStr("from a file")
    assert loaded.count == 5
    assert redact_text("It is from a file.") == f"It is {MASK}."


def test_an_empty_file_of_a_secret_counts_as_not_set(
    set_environment: SetEnvironment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "EXAMPLE_KEY").write_text("\n", encoding="utf-8")
    monkeypatch.setattr(settings, "SECRETS", tmp_path)
    set_environment(ENVIRONMENT="development")

    assert Example.load().key is None


def test_an_empty_variable_counts_as_not_set(set_environment: SetEnvironment) -> None:
    set_environment(EXAMPLE_COUNT="")

    assert Example.load().count == 3


@pytest.mark.parametrize("value", ["many", "0", "1.5"])
def test_a_wrong_value_is_refused_with_the_name_of_the_variable(
    value: str, set_environment: SetEnvironment
) -> None:
    set_environment(EXAMPLE_COUNT=value)

    with pytest.raises(ConfigurationError, match="EXAMPLE_COUNT is wrong"):
        Example.load()


def test_the_message_about_a_wrong_value_does_not_repeat_it(set_environment: SetEnvironment) -> None:
    set_environment(EXAMPLE_COUNT="hunter2-by-mistake")

    with pytest.raises(ConfigurationError) as caught:
        Example.load()

    assert "hunter2" not in str(caught.value)


def test_a_placeholder_for_a_secret_is_refused(set_environment: SetEnvironment) -> None:
    set_environment(EXAMPLE_KEY=RANDOM)

    with pytest.raises(ConfigurationError, match=r"EXAMPLE_KEY.*app init"):
        Example.load()


def test_a_loaded_secret_is_redacted_from_then_on(set_environment: SetEnvironment) -> None:
    set_environment(EXAMPLE_KEY="correct horse battery staple")

    Example.load()

    assert redact_text("the key is correct horse battery staple") == f"the key is {MASK}"
