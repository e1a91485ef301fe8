"""The base of all models."""

from datetime import datetime
from importlib import import_module
from typing import Any, ClassVar

from sqlalchemy import DateTime, Dialect, MetaData, Text, TypeDecorator
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase

from app.core.registry import load_features
from app.core.text import cleaned_text


class CleanedText(TypeDecorator[str]):
    """Text without the characters that PostgreSQL cannot hold; JSONB is cleaned by the engine."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:  # noqa: ARG002
        """Clean what is written."""
        return None if value is None else cleaned_text(value)


class Base(DeclarativeBase):
    """Names every constraint, so that a migration can refer to it."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map: ClassVar[dict[Any, Any]] = {
        dict[str, Any]: JSONB(none_as_null=True),
        datetime: DateTime(timezone=True),
        str: CleanedText(),
    }


def import_models() -> None:
    """Import every feature's `models.py`, so that `Base.metadata` is complete."""
    for feature in load_features():
        if (feature.folder / "models.py").exists():
            import_module(f"app.{feature.name}.models")


def tables_of(feature: str) -> set[str]:
    """Return the tables of a feature's models, without those of the features inside its folder."""
    names = [f.name for f in load_features()]

    def owner(module: str) -> str:
        return max((name for name in names if module.startswith(f"app.{name}.")), key=len, default="")

    return {
        mapper.local_table.description
        for mapper in Base.registry.mappers
        if owner(mapper.class_.__module__) == feature
    }
