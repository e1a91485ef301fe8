from app.core.registry import Feature

feature = Feature(
    name="privacy",
    stage="monitoring",
    summary="Personal data in texts: found by shape and check digits, and masked.",
    extends={"core.settings": ["app.privacy.settings:PrivacySettings"]},
)
