"""What features plug into the database."""

from app.core.registry import ExtensionPoint

FORMER_NAMES: ExtensionPoint[str] = ExtensionPoint(
    "db.former_names", str, "By feature that was renamed: the name under which its migrations were applied."
)
