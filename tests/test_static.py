"""Layer 1: every combination of answers, exactly. No project is written to disk, and none of its code is run.

A text is checked once for all that it can be, a relation between two things once for the answers that decide
about them; docs/decisions/every-combination.md says why that is enough, `test_method.py` shows it.
"""

import json
import re
import subprocess
import sys
import tomllib
from collections.abc import Callable
from io import BytesIO
from pathlib import Path, PurePosixPath
from zipfile import ZipFile

import pytest
import yaml

from tests import relations
from tests.composition import SUFFIX, Template, template

TEMPLATE = template()


def _documents(text: str) -> list[object]:
    return list(yaml.safe_load_all(text))


READERS = {".toml": tomllib.loads, ".yaml": _documents, ".yml": _documents, ".json": json.loads}
SCHEMA = [sys.executable, "-m", "check_jsonschema", "--builtin-schema"]

ARCHIVES = sorted(path for path in TEMPLATE.paths if path.endswith(".zip"))

each_text_file = pytest.mark.parametrize("path", sorted(TEMPLATE.paths.keys() - set(ARCHIVES)))
each_rendered_file = pytest.mark.parametrize(
    "path", sorted(path for path, source in TEMPLATE.paths.items() if source.endswith(SUFFIX))
)


@pytest.mark.parametrize("relation", relations.RELATIONS, ids=lambda relation: relation.__name__)
def test_there_are_none_of(
    relation: Callable[[Template], list[str]], record_property: Callable[[str, object], None]
) -> None:
    before = relations.checks.total()

    assert relation(TEMPLATE) == []
    record_property("relations", relations.checks.total() - before)


@each_rendered_file
def test_no_jinja_is_left(path: str) -> None:
    left = [p.text for p in TEMPLATE.pieces(path) if re.search(r"(?<!\$)\{\{|\{%|\{#|%\}", p.text)]

    assert left == []


@pytest.mark.parametrize("path", ARCHIVES)
def test_an_archive_is_whole_and_leads_nowhere_else(path: str) -> None:
    with ZipFile(BytesIO(TEMPLATE.content(path, {}))) as archive:
        assert archive.testzip() is None
        assert not [name for name in archive.namelist() if name.startswith("/") or ".." in name]


@each_text_file
def test_a_file_ends_with_one_newline_and_has_no_trailing_blanks(
    path: str, record_property: Callable[[str, object], None]
) -> None:
    record_property("distinct files", len(TEMPLATE.versions(path)))
    for text in TEMPLATE.versions(path):
        assert not text or (text.endswith(b"\n") and not text.endswith(b"\n\n"))
        assert not re.search(rb"[ \t]\n", text)


@pytest.mark.parametrize("path", [p for p in sorted(TEMPLATE.paths) if PurePosixPath(p).suffix in READERS])
def test_a_file_of_data_can_be_read(path: str) -> None:
    for text in TEMPLATE.versions(path):
        assert READERS[PurePosixPath(path).suffix](text.decode()) is not None


def test_compose_uses_every_service_and_volume() -> None:
    for text in TEMPLATE.versions("compose.yaml"):
        document = yaml.safe_load(text)
        services = document["services"]
        wanted = {name for service in services.values() for name in service.get("depends_on", {})}
        built = {name for name, service in services.items() if "build" in service}
        volumes = {v.split(":")[0] for s in services.values() for v in s.get("volumes", [])}

        assert wanted | built == set(services)
        assert volumes == set(document["volumes"])


@pytest.mark.parametrize(
    ("path", "checker"),
    [
        ("compose.yaml", [*SCHEMA, "vendor.compose-spec"]),
        ("deploy/compose.yaml", [*SCHEMA, "vendor.compose-spec"]),
        ("deploy/compose.monitoring.yaml", [*SCHEMA, "vendor.compose-spec"]),
        ("deploy/backup/Dockerfile", ["hadolint"]),
        (".github/dependabot.yml", [*SCHEMA, "vendor.dependabot"]),
        ("Dockerfile", ["hadolint"]),
    ],
)
def test_a_file_fits_its_specification(path: str, checker: list[str], tmp_path: Path) -> None:
    for number, text in enumerate(TEMPLATE.versions(path)):
        file = tmp_path / str(number) / PurePosixPath(path).name
        file.parent.mkdir()
        file.write_bytes(text)
        done = subprocess.run([*checker, str(file)], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr


def test_every_python_file_is_formatted_and_clean(tmp_path: Path) -> None:
    """Imports sort the same whichever stages are there, since `app` is the package in every project."""
    for path in TEMPLATE.paths:
        if path.endswith(".py") or path == "ruff.toml":
            (content,) = TEMPLATE.versions(path)
            (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / path).write_bytes(content)

    for command in (["check"], ["format", "--check"]):
        done = subprocess.run(
            ["ruff", *command, "."], cwd=tmp_path, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout


def test_python_holds_no_jinja() -> None:
    assert [path for path, source in TEMPLATE.paths.items() if source.endswith(".py.jinja")] == []


def test_few_files_hold_jinja() -> None:
    assert len([source for source in TEMPLATE.paths.values() if source.endswith(SUFFIX)]) <= 12
