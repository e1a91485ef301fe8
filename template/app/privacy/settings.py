"""Settings of what is taken for personal data (`PRIVACY_…`)."""

import phonenumbers
from pydantic import field_validator
from pydantic_settings import SettingsConfigDict

from app.core.settings import List, Settings


class PrivacySettings(Settings):
    """What is taken for personal data."""

    model_config = SettingsConfigDict(env_prefix="PRIVACY_")

    phone_regions: List = ()
    """Countries whose phone numbers are found also without `+` and the country's code: `DE,US`. With them a
    number of another kind is taken for one more often."""

    @field_validator("phone_regions")
    @classmethod
    def _are_known(cls, regions: tuple[str, ...]) -> tuple[str, ...]:
        if unknown := [region for region in regions if region not in phonenumbers.SUPPORTED_REGIONS]:
            raise ValueError(f"{unknown[0]!r} is no country's code of two letters, such as DE")
        return regions
