"""While a release migrates the database, the version before works with it, and a rollback brings it back.

What it would not survive is refused: a column that goes or is renamed, a lock that stops it for as long as a
table is long. Squawk (https://squawkhq.com/docs/rules) reads the SQL of each migration.

Such a change takes two releases: one whose code does without the column, then one that drops it. The second
says so in its migration: `SAFE = {"ban-drop-column": "Not read since 2026-11-28."}`.
"""

import json
import subprocess
from importlib.util import module_from_spec, spec_from_file_location
from io import StringIO
from pathlib import Path
from types import ModuleType

import pytest
from alembic.operations import Operations
from alembic.runtime.migration import MigrationContext

from app.core.paths import APP, ROOT

MIGRATIONS = sorted(APP.rglob("migrations/*.py"))
BEFORE = {"chat_0002", "runs_0002", "runs_0003", "runs_0005"}
"""Of the time before this test: they run before the first release, on tables that are empty."""
STYLE = [
    "prefer-bigint-over-int",
    "prefer-bigint-over-smallint",
    "prefer-text-field",
    "prefer-timestamptz",
    "prefer-identity",
    "prefer-robust-stmts",
    "require-lock-timeout",
    "require-statement-timeout",
]
"""Rules about other things than the version before."""


def faults(migration: ModuleType) -> list[str]:
    """Return what the version before would not survive, one line each."""
    sql = StringIO()
    context = MigrationContext.configure(
        dialect_name="postgresql", opts={"as_sql": True, "output_buffer": sql}
    )
    with Operations.context(context):
        migration.upgrade()
    excluded = ",".join([*STYLE, *getattr(migration, "SAFE", {})])
    options = ["--reporter=json", "--pg-version=17", "--assume-in-transaction", f"--exclude={excluded}"]
    command = ["squawk", *options]
    done = subprocess.run(command, input=sql.getvalue(), text=True, capture_output=True, check=False)
    return [f"{found['rule_name']}: {found['message']}" for found in json.loads(done.stdout)]


def loaded(path: Path) -> ModuleType:
    """Import a migration from its file."""
    spec = spec_from_file_location(path.stem, path)
    assert spec
    assert spec.loader
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    "path",
    [path for path in MIGRATIONS if path.stem not in BEFORE],
    ids=lambda path: path.relative_to(ROOT).as_posix(),
)
def test_the_version_before_survives_a_migration(path: Path) -> None:
    assert faults(loaded(path)) == []


DROP = 'op.drop_column("runs", "error")'


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        (DROP, "ban-drop-column"),
        ('op.drop_table("runs")', "ban-drop-table"),
        ('op.alter_column("runs", "error", new_column_name="reason")', "renaming-column"),
        ('op.rename_table("runs", "jobs")', "renaming-table"),
        ('op.alter_column("runs", "error", type_=sa.Integer())', "changing-column-type"),
        ('op.alter_column("runs", "error", nullable=False)', "adding-not-nullable-field"),
        ('op.add_column("runs", sa.Column("x", sa.Text(), nullable=False))', "adding-required-field"),
        ('op.create_index("ix", "runs", ["error"])', "require-concurrent-index-creation"),
        ('op.create_foreign_key("fk", "runs", "others", ["error"], ["id"])', "adding-foreign-key-constraint"),
    ],
)
def test_what_it_does_not_survive_is_found(change: str, rule: str, tmp_path: Path) -> None:
    assert rule in [fault.partition(":")[0] for fault in faults(written(tmp_path, change))]


@pytest.mark.parametrize(
    "change",
    [
        'op.add_column("runs", sa.Column("x", sa.Text()))',
        'op.add_column("runs", sa.Column("x", sa.Text(), server_default="", nullable=False))',
        'op.create_table("notes", sa.Column("id", sa.Integer(), primary_key=True))',
    ],
)
def test_what_it_does_not_see_is_allowed(change: str, tmp_path: Path) -> None:
    assert faults(written(tmp_path, change)) == []


def test_a_second_step_is_allowed_with_its_reason(tmp_path: Path) -> None:
    step = written(tmp_path, DROP, 'SAFE = {"ban-drop-column": "Not read since 2026-11-28."}')

    assert faults(step) == []


def written(folder: Path, change: str, also: str = "") -> ModuleType:
    """Return a migration with one change."""
    file = folder / "notes_0002.py"
    text = f"import sqlalchemy as sa\nfrom alembic import op\n\n{also}\n\n\ndef upgrade():\n    {change}\n"
    file.write_text(text, encoding="utf-8")
    return loaded(file)
