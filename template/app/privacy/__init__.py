"""Personal data in texts: found, and replaced by placeholders that can be put back."""

from typing import TYPE_CHECKING

from app.core.lazy import lazy_exports

if TYPE_CHECKING:
    from app.privacy.finding import Finding, Kind, find_personal_data
    from app.privacy.masking import Masks, mask

__all__ = ["Finding", "Kind", "Masks", "find_personal_data", "mask"]
__getattr__ = lazy_exports(
    __name__, finding=("Finding", "Kind", "find_personal_data"), masking=("Masks", "mask")
)
