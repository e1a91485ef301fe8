from pathlib import Path

import pytest

from app.core.environment_file import write_environment_file
from app.core.errors import ConfigurationError

EXAMPLE = """# a comment
MODE=development
SECRET=<random>
OTHER_SECRET=<random>
# OPTIONAL=3
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / ".env.example").write_text(EXAMPLE)
    return tmp_path


def values(root: Path) -> dict[str, str]:
    lines = (root / ".env").read_text().splitlines()
    return dict(line.split("=", 1) for line in lines if "=" in line and not line.startswith("#"))


def test_secrets_are_random_and_long(root: Path) -> None:
    write_environment_file(root)

    written = values(root)

    assert len({written["SECRET"], written["OTHER_SECRET"]}) == 2
    assert min(len(written["SECRET"]), len(written["OTHER_SECRET"])) >= 32


def test_only_the_owner_can_read_the_file(root: Path) -> None:
    write_environment_file(root)

    assert (root / ".env").stat().st_mode & 0o777 == 0o600


def test_existing_values_stay_and_missing_ones_are_added(root: Path) -> None:
    (root / ".env").write_text("SECRET=mine\nEXTRA=yes")

    write_environment_file(root)

    written = values(root)
    assert (written["SECRET"], written["EXTRA"], written["MODE"]) == ("mine", "yes", "development")
    assert "OTHER_SECRET" in written


def test_a_second_time_changes_nothing(root: Path) -> None:
    write_environment_file(root)
    first = (root / ".env").read_bytes()

    lines = write_environment_file(root)

    assert (root / ".env").read_bytes() == first
    assert lines == [".env is complete: nothing changed."]


def test_a_value_that_the_owner_commented_out_is_not_added_again(root: Path) -> None:
    (root / ".env").write_text("# MODE=production\nSECRET=a\nOTHER_SECRET=b\n")

    write_environment_file(root)

    assert "MODE" not in values(root)


@pytest.mark.parametrize(
    "line",
    ["SECRET = mine", "export SECRET=mine", "export  SECRET=mine", "  SECRET=mine", "\ufeffSECRET=mine"],
)
def test_a_value_is_recognised_however_it_is_written(root: Path, line: str) -> None:
    (root / ".env").write_text(f"{line}\nOTHER_SECRET=x\nMODE=y\n", encoding="utf-8")

    assert write_environment_file(root) == [".env is complete: nothing changed."]


@pytest.mark.parametrize("value", ["<random>", '"<random>"', "'<random>'", " <random>", "<random>  # change"])
def test_a_placeholder_is_filled_however_it_is_written(root: Path, value: str) -> None:
    (root / ".env").write_text(f"export SECRET={value}\nOTHER_SECRET=x\nMODE=y\n")

    write_environment_file(root)

    assert "<random>" not in (root / ".env").read_text()


def test_the_line_endings_of_the_file_stay(root: Path) -> None:
    (root / ".env").write_bytes(b"SECRET=mine\r\nMODE=y\r\n")

    write_environment_file(root)

    text = (root / ".env").read_bytes()
    assert text.startswith(b"SECRET=mine\r\nMODE=y\r\n")
    assert text.count(b"\n") == text.count(b"\r\n")


def test_a_file_that_is_no_text_is_refused_and_stays(root: Path) -> None:
    (root / ".env").write_bytes(b"KEY=caf\xe9\n")

    with pytest.raises(ConfigurationError, match="UTF-8"):
        write_environment_file(root)

    assert (root / ".env").read_bytes() == b"KEY=caf\xe9\n"


def test_no_temporary_file_stays(root: Path) -> None:
    write_environment_file(root)

    assert sorted(path.name for path in root.iterdir()) == [".env", ".env.example"]


def test_without_an_example_the_error_says_so(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"\.env\.example does not exist"):
        write_environment_file(tmp_path)
