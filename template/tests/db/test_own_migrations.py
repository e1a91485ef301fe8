"""Migrations that an owner writes, in a copy of the project: beside those of the template and nested."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import psycopg
import pytest

from app.core.paths import APP

pytestmark = pytest.mark.slow

MODELS = '''
from app.db import Base
from sqlalchemy.orm import Mapped, mapped_column


class Shelf(Base):
    """A shelf."""

    __tablename__ = "shelves"

    id: Mapped[int] = mapped_column(primary_key=True)
    label: Mapped[str]
'''
FEATURE = """
from app.core.registry import Feature

feature = Feature(name="{name}", stage="{stage}", summary="Mine.", requires=("db",))
"""
PARCELS = '''
from app.db import Base
from sqlalchemy.orm import Mapped, mapped_column


class Parcel(Base):
    """A parcel."""

    __tablename__ = "parcels"

    id: Mapped[int] = mapped_column(primary_key=True)
'''
FIRST = """
import sqlalchemy as sa
from alembic import op

revision = "parcels_0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table("parcels", sa.Column("id", sa.Integer(), primary_key=True))


def downgrade() -> None:
    op.drop_table("parcels")
"""
NEXT = """
import sqlalchemy as sa
from alembic import op

revision = "parcels_0002"
down_revision = "parcels_0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("parcels", sa.Column("ours", sa.Integer(), nullable=True))


def downgrade() -> None:
    op.drop_column("parcels", "ours")
"""


class Project:
    """A copy of the project that a test may change, with one more feature of the template: parcels."""

    def __init__(self, folder: Path, database: str) -> None:
        shutil.copytree(APP, folder / "app", ignore=shutil.ignore_patterns("__pycache__"))
        (folder / ".copier-answers.yml").write_text("_commit: v1.0.0\n")
        self.folder = folder
        self.database = database
        self.write("app/parcels/__init__.py", "")
        self.write("app/parcels/feature.py", FEATURE.format(name="parcels", stage="backend"))
        self.write("app/parcels/models.py", PARCELS)
        self.write("app/parcels/migrations/parcels_0001.py", FIRST)
        self.db("upgrade", "--feature", "parcels")

    def db(self, *words: str) -> subprocess.CompletedProcess[str]:
        environment = {**os.environ, "DATABASE_URL": self.database, "ENVIRONMENT": "test"}
        command = [sys.executable, "-m", "app", "db", *words]
        return subprocess.run(
            command, cwd=self.folder, env=environment, capture_output=True, text=True, check=False
        )

    def status(self) -> dict[str, Any]:
        done = self.db("status", "--json")
        found = {feature["feature"]: feature for feature in json.loads(done.stdout)["features"]}
        assert done.returncode in {0, 1}
        return {**found, "exit": done.returncode}

    def add_column(self, name: str) -> None:
        """Add a column to the model of parcels."""
        with (self.folder / "app/parcels/models.py").open("a") as models:
            models.write(f"    {name}: Mapped[int | None]\n")

    def write(self, path: str, text: str) -> None:
        file = self.folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)

    def columns(self, table: str) -> set[str]:
        with psycopg.connect(self.database) as connection:
            query = "SELECT column_name FROM information_schema.columns WHERE table_name = %s"
            return {row[0] for row in connection.execute(query, [table])}


@pytest.fixture
def project(tmp_path: Path, own_database: str) -> Project:
    return Project(tmp_path, own_database)


def test_one_of_the_owners_and_the_templates_next_one_are_both_applied(project: Project) -> None:
    project.add_column("mine")
    written = project.db("revision", "parcels", "add mine")
    assert re.search(r"parcels_own_[0-9a-f]{8}\.py", written.stdout), written.stderr
    project.db("upgrade")

    project.add_column("ours")
    project.write("app/parcels/migrations/parcels_0002.py", NEXT)
    assert "behind" in project.db("status").stdout
    project.db("upgrade")

    assert {"mine", "ours"} <= project.columns("parcels")
    assert project.status()["exit"] == 0


def test_the_next_one_of_the_owners_follows_the_first(project: Project) -> None:
    project.add_column("mine")
    project.db("revision", "parcels", "add mine")
    project.add_column("ours")
    project.write("app/parcels/migrations/parcels_0002.py", NEXT)
    project.db("upgrade")

    project.add_column("other")
    written = project.db("revision", "parcels", "add other")
    project.db("upgrade")

    assert written.returncode == 0, written.stderr
    assert {"mine", "ours", "other"} <= project.columns("parcels")
    assert project.status()["exit"] == 0, project.db("status").stdout


def test_a_database_that_lacks_a_column_of_the_models_is_not_up_to_date(project: Project) -> None:
    project.add_column("mine")

    found = project.status()

    assert found["exit"] == 1
    assert found["parcels"]["lacks"] == ["parcels.mine"]
    assert "app db revision parcels" in project.db("status").stdout


def test_the_migrations_of_a_feature_inside_another_run(project: Project) -> None:
    for name in ("mine", "mine.store"):
        folder = f"app/{name.replace('.', '/')}"
        project.write(f"{folder}/__init__.py", "")
        project.write(f"{folder}/feature.py", FEATURE.format(name=name, stage="own"))
    project.write("app/mine/store/models.py", MODELS)

    written = project.db("revision", "mine.store", "make shelves")
    project.db("upgrade")

    assert "app/mine/store/migrations/mine_store_0001.py" in written.stdout, written.stderr
    assert project.columns("shelves") == {"id", "label"}
    assert project.status()["mine.store"]["current"] == "mine_store_0001"


def test_what_is_written_is_formatted_and_needs_no_code_of_the_project(project: Project) -> None:
    shutil.copy(APP.parent / "ruff.toml", project.folder)
    project.write("app/mine/__init__.py", "")
    project.write("app/mine/feature.py", FEATURE.format(name="mine", stage="own"))
    project.write("app/mine/models.py", MODELS)
    project.db("revision", "mine", "make shelves")
    file = project.folder / "app/mine/migrations/mine_0001.py"

    for words in (["check"], ["format", "--check"]):
        command = [sys.executable, "-m", "ruff", *words, str(file)]
        done = subprocess.run(command, cwd=project.folder, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout
    assert "app." not in file.read_text()


def test_tables_of_a_feature_that_has_left_are_named(project: Project) -> None:
    shutil.rmtree(project.folder / "app/parcels")

    assert "parcels: not in the project any more" in project.db("status").stdout
